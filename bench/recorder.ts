import type { Observer } from './observer.ts';
import type { Sighting } from './timeline.ts';

const folder = '/run/flotilla-bench';

/**
 * Notes which of the units have processes, whenever that changes, with the machine's uptime. The kernel's control
 * groups are read, since systemd's and the cluster's own view are on trial, and nothing is forked, since on an emulated
 * machine each process costs more than what is to be measured.
 */
const script = `cd /sys/fs/cgroup/system.slice || exit 1
shopt -s nullglob
exec 3<> <(:) # Nothing ever comes from here: waiting for it is a sleep without a process.
was=none
while :; do
  now=(system-*.slice/*@*.service *.service)
  now=" \${now[*]##*/} "
  list=
  for unit in $UNITS; do [[ $now == *" $unit "* ]] && list+=" $unit"; done
  if [[ $list != "$was" ]]; then
    read -r up _ </proc/uptime
    echo "$up$list"
    was=$list
  fi
  read -rt 0.2 -u 3
done
`;

/** Follows the processes of units on machines, at the price of one command for each look at what was noted. */
export class Recorder {
  readonly #observer: Observer;
  readonly #units: readonly string[];
  /**
   * Milliseconds from a machine's uptime to this computer's clock. An answer comes after its uptime was read, so each
   * is too large by as much as it took, and the smallest is the best.
   */
  readonly #offsets = new Map<string, number>();

  constructor(observer: Observer, units: readonly string[]) {
    this.#observer = observer;
    this.#units = units;
  }

  /** Lets every machine take notes, as long as it runs. What it noted before stays. */
  async start(): Promise<void> {
    const { machines } = this.#observer;
    const run = `systemd-run --quiet --collect --unit=flotilla-bench --setenv=UNITS='${this.#units.join(' ')}'`;
    const takeNotes = `sh -c 'exec bash ${folder}/script >>${folder}/notes'`;
    const command = `mkdir -p ${folder} && cat >${folder}/script && { systemctl is-active -q flotilla-bench || ${run} ${takeNotes}; }`;
    await Promise.all(machines.map((machine) => this.#observer.output(machine, command, script)));
  }

  /** All that was noted so far on these machines. */
  async read(machines = this.#observer.machines): Promise<Sighting[]> {
    return (await Promise.all(machines.map((machine) => this.#notesOf(machine)))).flat();
  }

  /** Seconds of a machine's uptime on this computer's clock, as far as it is known yet. */
  momentOf(machine: string, uptime: number): number {
    return uptime * 1000 + (this.#offsets.get(machine) ?? Number.NaN);
  }

  async #notesOf(machine: string): Promise<Sighting[]> {
    const text = await this.#observer.look(machine, ['cat', '/proc/uptime', `${folder}/notes`]);
    const [now = '', ...notes] = text.trim().split('\n');
    const offset = performance.now() - Number(now.split(' ')[0]) * 1000;
    this.#offsets.set(machine, Math.min(offset, this.#offsets.get(machine) ?? offset));
    return notes.map((line) => {
      const [uptime = '', ...running] = line.split(' ');
      return { machine, at: this.momentOf(machine, Number(uptime)), running };
    });
  }
}
