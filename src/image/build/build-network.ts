import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandFailure } from '../../ssh/command-failure.ts';
import type { Connection } from '../../ssh/connection.ts';
import { script } from '../../ssh/script.ts';
import type { DockerBuild } from './docker-build.ts';

/** Seconds that a build may last. */
export const buildLimit = 6 * 3600;

/** Seconds until the network must be there: Docker takes its time on an emulated machine that is busy. */
const startLimit = 60;

/**
 * Keeps a Docker network for the steps of one build, with the rules that confine them, for as long as somebody hears
 * it. It writes to its standard output all the time: whoever ends the build, or is cut off from here, closes that, the
 * next write fails, and everything is taken away again. Rules come before the network and go after it.
 *
 * The raw table's PREROUTING is passed by all that comes from the bridge, before Docker's own rules or anybody else's,
 * and none of them flushes it (cloud-config/metadata-guard.ts). Docker itself fetches what ADD names by address, from
 * the machine's own network; the rule in OUTPUT, by Docker's cgroup, keeps that from the metadata service too.
 *
 * $1 name of network and chain, $2 of the bridge, $3 whether steps have a network, $4 machines' addresses
 */
const holdNetwork = `set -u
net=$1 bridge=$2 online=$3 machines=$4
metadata='OUTPUT --match cgroup --path system.slice/docker.service --destination 169.254.169.254 --jump DROP'
raw() { iptables --wait --table raw "$@"; }
end() {
  trap '' HUP INT TERM
  trap - EXIT
  set +e
  # Docker, told of the end at the same time, removes the container too, and lets neither hurry it.
  until docker network rm "$net" || ! docker network inspect "$net"; do
    for id in $(docker ps --all --quiet --filter "network=$net"); do docker rm --force "$id"; done
    sleep 1
  done
  if [ "$online" = yes ]; then
    raw --delete PREROUTING --in-interface "$bridge" --jump "$bridge"
    raw --flush "$bridge"
    raw --delete-chain "$bridge"
    ip6tables --wait --table raw --delete PREROUTING --in-interface "$bridge" --jump DROP
  fi
  raw --delete $metadata
} >/dev/null 2>&1
trap '' PIPE
# Not just an exit: a signal that comes with the end of a program here would break off the other end that has begun.
trap 'end; exit 1' HUP INT TERM
trap end EXIT
set -e
raw --insert $metadata
if [ "$online" = yes ]; then
  raw --new-chain "$bridge"
  for file in /run/systemd/resolve/resolv.conf /etc/resolv.conf; do
    [ -r "$file" ] || continue
    for server in $(sed -n 's/^nameserver[[:space:]]*\\([0-9.]*\\)$/\\1/p' "$file"); do
      for protocol in udp tcp; do
        raw --append "$bridge" --destination "$server" --protocol $protocol --dport 53 \\
          --match addrtype ! --dst-type LOCAL --jump RETURN
      done
    done
  done
  raw --append "$bridge" --match addrtype ! --dst-type UNICAST --jump DROP
  for place in $machines 0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16; do
    raw --append "$bridge" --destination "$place" --jump DROP
  done
  raw --insert PREROUTING --in-interface "$bridge" --jump "$bridge"
  [ ! -e /proc/net/if_inet6 ] || ip6tables --wait --table raw --insert PREROUTING --in-interface "$bridge" --jump DROP
fi
docker network create --opt "com.docker.network.bridge.name=$bridge" --label flotilla.build "$net" >/dev/null
set +e
while echo .; do sleep 2; done`;

/** The network of one build. */
export interface BuildNetwork {
  /** Of the Docker network that steps get; `none` for none. */
  readonly name: string;
  /** Rejects when it ends before it was told to: no step may run from then on. */
  readonly lost: Promise<never>;
  /** Resolves at once; the machine takes rules and network away within seconds. */
  end(): void;
}

/**
 * @param online whether steps reach what is outside of the cluster
 * @param machines addresses of all machines, which steps must not reach
 */
export async function startBuildNetwork(
  connection: Connection,
  docker: DockerBuild,
  { online, machines }: { readonly online: boolean; readonly machines: readonly string[] },
  signal: AbortSignal,
): Promise<BuildNetwork> {
  const number = randomBytes(4).toString('hex');
  // An interface's name has 15 characters at most.
  const [name, bridge] = [`flotilla-build-${number}`, `fb-${number}`];
  const args = [name, bridge, online ? 'yes' : 'no', machines.join(' ')];
  const command = script('hold-build-network', holdNetwork, args, { root: true, timeout: buildLimit });
  const stop = new AbortController();
  const lost = connection.exec(command, AbortSignal.any([stop.signal, signal])).then((result) => {
    throw new Error(commandFailure(command, connection.target.name, result));
  });
  lost.catch(() => undefined);
  const end = () => stop.abort();
  try {
    await Promise.race([appears(docker, name, signal), lost]);
    return { name: online ? name : 'none', lost, end };
  } catch (error) {
    end();
    throw error;
  }
}

async function appears(docker: DockerBuild, name: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + startLimit * 1000;
  while (!(await docker.hasNetwork(name, signal))) {
    if (performance.now() > deadline) throw new Error(`Docker made no network within ${startLimit} s`);
    await sleep(250, undefined, { signal });
  }
}
