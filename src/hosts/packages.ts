import type { Command } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';

/** Seconds. Packages are downloaded and unpacked by emulated processors too. */
const patience = 1200;

/** apt waits this long for another one, such as unattended-upgrades, to end. */
export const apt = 'apt-get -q -o DPkg::Lock::Timeout=300';

/** Packages that apt takes away without a word when docker.io comes: they conflict with it, or with what it brings. */
export const rivals: readonly string[] = [
  ...['docker-ce', 'docker-ce-cli', 'docker-ce-rootless-extras', 'docker-engine', 'containerd.io'],
  ...['podman-docker', 'moby-engine', 'moby-cli', 'moby-containerd'],
];

/** What an installation would do. Upgrades are none of it. */
export interface Simulation {
  /** What is not there yet, with all that it needs. */
  readonly brings: readonly string[];
  readonly removes: readonly string[];
  readonly downgrades: readonly string[];
}

/** apt-get(8) prints `Inst NAME [OLD] (NEW …)` and `Remv NAME [OLD]`; without OLD, the package is new. */
export function simulateCommand(packages: readonly string[]): Command {
  const body = `
set -eu
export DEBIAN_FRONTEND=noninteractive
${apt} update >&2
simulated=$(${apt} -s install --no-install-recommends -- "$@")
printf '%s\\n' "$simulated" | while read -r action name rest; do
  case "$action $rest" in
  Remv\\ *|Purg\\ *) echo "removes $name" ;;
  Inst\\ \\[*)
    old=\${rest#?} old=\${old%%]*} new=\${rest#*\\(} new=\${new%% *}
    ! dpkg --compare-versions "$new" lt "$old" || echo "downgrades $name" ;;
  Inst\\ *) echo "brings $name" ;;
  esac
done
`;
  return script('flotilla-host-simulate', body, packages, { root: true, timeout: patience });
}

export function parseSimulation(stdout: string): Simulation {
  const lines = stdout.split('\n').map((line) => line.split(' '));
  const of = (kind: string) => lines.flatMap(([first, name]) => (first === kind && name ? [name] : []));
  return { brings: of('brings'), removes: of('removes'), downgrades: of('downgrades') };
}

/** @throws when somebody would lose what he has */
export function refuseLosses(
  packages: readonly string[],
  { removes, downgrades }: Simulation,
  where: string,
): void {
  const losses = [
    ...(removes.length > 0 ? [`remove ${removes.join(', ')}`] : []),
    ...(downgrades.length > 0 ? [`downgrade ${downgrades.join(', ')}`] : []),
  ];
  if (losses.length === 0) return;
  throw new Error(
    `On ${where}, to install ${packages.join(', ')} would ${losses.join(' and ')}; nothing was changed. ` +
      `If they may go, and what runs by them may stop, remove them there: \`apt-get remove ${[...removes, ...downgrades].join(' ')}\`; or name another host`,
  );
}

/**
 * dpkg's own work that was cut off is completed first. Settings that somebody changed stay. What the simulation did not
 * show is not removed either: apt ends instead.
 */
export function installCommand(packages: readonly string[]): Command {
  const body = `
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
dpkg --configure -a --force-confold >&2
${apt} -y -o Dpkg::Options::=--force-confold install --no-remove --no-install-recommends -- "$@" >&2
`;
  return script('flotilla-host-install', body, packages, { root: true, timeout: patience });
}
