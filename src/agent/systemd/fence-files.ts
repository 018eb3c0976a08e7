import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { basename, join } from 'node:path';
import { fenceSeconds } from './fence-seconds.ts';
import { replaceFile } from './replace-file.ts';

/**
 * The guard as a shell script: whatever becomes of the agent, this needs nothing but systemd. It sleeps until the
 * deadline, finds that the agent has put it off, and sleeps again. At a deadline that stands it takes away the file
 * by which fenced units may be started, stops them, and kills what does not stop in time. Those that were running
 * count as never started, so that the agent starts them again when it may. Names of units need no quotes, but no
 * names at all would be a lone `*`, which means every unit of the machine to systemctl.
 */
const script = `#!/bin/sh
# Written by the Flotilla agent. "deadline" is in hundredths of a second of /proc/uptime.
cd "$1" || exit 1

look() {
  deadline=0
  { read -r deadline <deadline; } 2>/dev/null
  read -r up _ </proc/uptime
  left=$((deadline - \${up%.*}\${up#*.}))
}

nap() {
  rest=$(($1 % 100))
  [ "$rest" -ge 10 ] || rest=0$rest
  sleep "$(($1 / 100)).$rest"
}

while :; do
  look
  if [ "$left" -gt 0 ]; then
    [ -e open ] || : >open
    [ ! -e closed ] || rm -f closed
    nap "$left"
    continue
  fi
  if [ -e closed ] && [ ! -e open ]; then
    sleep 1
    continue
  fi
  rm -f open
  look # The deadline may have been put off, and the file made, in this very moment.
  [ "$left" -le 0 ] || continue
  cd units && set -- * && cd ..
  [ -e "units/$1" ] || exit 0
  systemctl is-active -- "$@" >was
  while read -r state; do
    case $state in active | activating | reloading | deactivating) set -- "$@" "$1" ;; esac
    shift
  done <was
  look
  [ "$left" -le 0 ] || continue
  if [ "$#" -gt 0 ]; then
    systemctl stop --no-block -- "$@"
    look
    [ "$left" -le 0 ] || left=0 # Put off while systemctl was at work: not to be slept away with the units down.
    wait=$((left + ${Math.round(fenceSeconds.kill * 100)}))
    [ "$wait" -le 0 ] || nap "$wait"
    look
    [ "$left" -gt 0 ] || systemctl kill --signal=SIGKILL -- "$@" 2>/dev/null
    for unit; do rm -f "../starting/$unit" "../started/$unit"; done
  fi
  : >closed
done
`;

const serviceOf = (folder: string) => `[Unit]
Description=Stops units with Fence=stop when this machine is cut off from its cluster
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/sh ${folder}/guard ${folder}
Restart=on-failure
# As the agent itself: it must act in time however busy the machine is.
CPUWeight=1000
Nice=-5
OOMScoreAdjust=-900
`;

// Not Requires=: when the guard crashes, systemd would restart with it all that requires it.
const dropInOf = (folder: string, service: string) => `[Unit]
Wants=${service}
After=${service}
ConditionPathExists=${folder}/open
`;

const dropIn = 'flotilla-fence.conf';

/** The files of the guard, which stops fenced units on a machine that is cut off, also without an agent. */
export class FenceFiles {
  readonly #folder: string;
  readonly #systemdFolder: string;
  readonly #service: string;

  /** `folder` is the agent's, and the service is named after it. */
  constructor(folder: string, systemdFolder: string) {
    this.#folder = join(folder, 'fence');
    this.#systemdFolder = systemdFolder;
    this.#service = `${basename(folder)}-fence.service`;
  }

  /** From the next reload of systemd on, the unit runs under the guard only. */
  async add(name: string): Promise<void> {
    await mkdir(this.#dropIns(name), { recursive: true });
    await mkdir(join(this.#folder, 'units'), { recursive: true });
    await write(join(this.#folder, 'guard'), script);
    await write(join(this.#systemdFolder, this.#service), serviceOf(this.#folder));
    await write(join(this.#dropIns(name), dropIn), dropInOf(this.#folder, this.#service));
    await write(join(this.#folder, 'units', name), '');
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, 'units', name), { force: true });
    await rm(join(this.#dropIns(name), dropIn), { force: true });
    // Others' drop-ins stay, as those of `systemctl edit --runtime`, and with them the folder.
    await rmdir(this.#dropIns(name)).catch(() => undefined);
  }

  /** Puts the deadline off until `remaining` milliseconds from now. */
  async extend(remaining: () => number): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    // In this order a process that is frozen in between makes the deadline early, never late.
    const now = uptime();
    const deadline = Math.floor(now * 100 + remaining() / 10);
    await write(join(this.#folder, 'deadline'), `${deadline}\n`);
    await writeFile(join(this.#folder, 'open'), '');
  }

  #dropIns(name: string): string {
    return join(this.#systemdFolder, `${name}.d`);
  }
}

/** Leaves a file alone that is so already. */
async function write(path: string, contents: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === contents) return;
  await replaceFile(path, (draft) => writeFile(draft, contents, { mode: 0o644 }));
}
