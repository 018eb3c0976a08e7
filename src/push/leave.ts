import type { Departure, UnitView } from '../model/api.ts';
import { messageOf } from '../model/message-of.ts';
import { settled } from '../model/settled.ts';
import { upCommand } from '../model/up-command.ts';
import type { AgentApi } from './api.ts';
import { followUnits } from './follow.ts';
import { Guests, isOn } from './guests.ts';
import { evaluate, type WantedUnit } from './health.ts';
import { unitContents } from './unit-contents.ts';
import { awayAfter, type Sight, Vigil, type VigilOptions } from './vigil.ts';
import { wantedUnit } from './wanted.ts';

/** A machine that is about to go. By its id: while machines are replaced, two bear one name. */
export interface LeavingMachine {
  readonly id: string;
  readonly name: string;
}

/** By this reason a cordon is known to be ours. */
const leaves = 'it leaves the stack';

/** Seconds for which no other machine must take a unit until it is left where it is: its peers may be on their way. */
const staysAfter = 10;

/**
 * Empties machines that are about to go, one after the other. Their units move to machines that stay, as a drain moves
 * them, and the next machine has its turn when what has moved is well. What no other machine takes, and global units,
 * end here. May be cut off and repeated at any time.
 *
 * @throws Error when nothing moves any more, or when a unit is not well where it came to; nothing is taken back then.
 */
export async function emptyMachines(
  api: AgentApi,
  leaving: readonly LeavingMachine[],
  options: VigilOptions,
): Promise<void> {
  const found = await settled(leaving.map((machine) => isThere(api, machine, options)));
  const there = leaving.filter((_, index) => found[index]);
  // All of them first: no unit shall move twice.
  for (const machine of there) await close(api, machine);
  for (const machine of leaving) {
    const leave = new Leave(api, machine, options);
    await (there.includes(machine) ? leave.run() : leave.release());
  }
}

/** Lets machines that stay have units again which a run that was cut off had begun to empty. */
export async function keepMachines(
  api: AgentApi,
  staying: readonly LeavingMachine[],
  { log }: Pick<VigilOptions, 'log'>,
): Promise<void> {
  const ids = new Set(staying.map(({ id }) => id));
  const { machines } = await api.machines();
  for (const { id, name, cordon } of machines) {
    if (!ids.has(id) || cordon?.reason !== leaves) continue;
    log(`${name} stays after all, and takes units again`);
    await api.onMachine(id, 'uncordon');
  }
}

/** A machine that is dead, or was destroyed by hand, is waited for as long as an agent takes to restart. */
async function isThere(api: AgentApi, machine: LeavingMachine, options: VigilOptions): Promise<boolean> {
  const vigil = new Vigil(api, machine, options);
  const found = await vigil.until(async ({ there }) => ({ left: there ? [] : ['its agent to show up'] }));
  if (found === 'done') return true;
  options.log(`${machine.name} has been gone for ${awayAfter} s: its units move without it`);
  return false;
}

/** A cordon would end a drain. */
async function close(api: AgentApi, { id }: LeavingMachine): Promise<void> {
  const { machines } = await api.machines();
  const draining = machines.find((each) => each.id === id)?.cordon?.drain ?? false;
  if (!draining) await api.onMachine(id, 'cordon', { reason: leaves });
}

/** One machine on its way out. */
class Leave {
  readonly #api: AgentApi;
  readonly #machine: LeavingMachine;
  readonly #options: VigilOptions;
  readonly #vigil: Vigil;
  readonly #guests: Guests;

  constructor(api: AgentApi, machine: LeavingMachine, options: VigilOptions) {
    this.#api = api;
    this.#machine = machine;
    this.#options = options;
    this.#vigil = new Vigil(api, machine, options);
    this.#guests = new Guests(api, machine.id);
  }

  async run(): Promise<void> {
    const { id, name } = this.#machine;
    const { log } = this.#options;
    const guests = await this.#guests.among((await this.#api.units()).units);
    const well = await this.#wellOf(guests);
    if (guests.length > 0) log(`${name} leaves: its units move first`);
    await this.#api.onMachine(id, 'drain', { reason: leaves });
    if ((await this.#drained(guests)) === 'away') {
      log(`${name} has gone meanwhile: its units move without it`);
      await this.release();
      return await this.#followMoved(well);
    }
    await this.#followMoved(well);
    await this.#api.onMachine(id, 'drain', { reason: leaves, force: true });
    await this.#vigil.until(async ({ units }) => ({
      left: units.filter((unit) => isOn(unit, id)).map((unit) => `${unit.name} to stop`),
    }));
    log(`${name} is empty`);
  }

  /**
   * Of a machine without a lease: until its units have other places. When it still answers the engine holds them for a
   * while, for they may well run there; and they would end with it.
   */
  async release(): Promise<void> {
    const { id, name } = this.#machine;
    const placed = (units: readonly UnitView[]) =>
      units.filter(({ placements }) => placements.some(({ machineId }) => machineId === id));
    let asked = false;
    await this.#vigil.until(
      async ({ units }) => {
        const left = placed(units);
        if (left.length > 0 && !asked)
          await this.#api.onMachine(id, 'drain', { reason: leaves, force: true });
        asked ||= left.length > 0;
        return { left: left.map((unit) => `${unit.name} to get another place: ${name} is silent`) };
      },
      { absence: 'expected' },
    );
  }

  /** Those that do their work now: what is not well before the move need not be so after it. */
  async #wellOf(guests: readonly UnitView[]): Promise<readonly WantedUnit[]> {
    const well: WantedUnit[] = [];
    for (const { name, targetState, ...view } of guests) {
      const contents = await unitContents(this.#api, name);
      if (contents === undefined) continue;
      const wanted = wantedUnit(name, contents, targetState);
      const { done } = evaluate([{ ...view, name, targetState }], { units: [wanted], gone: [] }, (id) => id);
      // Without rollouts: how one ended before is none of a move's business.
      if (done) well.push({ ...wanted, rolls: false });
    }
    return well;
  }

  async #drained(guests: readonly UnitView[]): Promise<'done' | 'away'> {
    const names = new Set(guests.map(({ name }) => name));
    let stuck = { mark: '', since: 0 };
    return this.#vigil.until(async ({ units }): Promise<Sight> => {
      const left = await this.#guests.among(units);
      if (left.length === 0) return { left: [] };
      const said = await this.#whyStill(left);
      const mark = left.every(({ name }) => said.get(name)?.outcome === 'stays') ? sayAll(said) : '';
      if (mark !== stuck.mark) stuck = { mark, since: this.#vigil.now };
      if (mark !== '' && this.#vigil.now - stuck.since >= staysAfter) return this.#leave([...said.values()]);
      const waiting = left.map(({ name }) => `${name} to leave (${said.get(name)?.reason ?? 'it stops'})`);
      return {
        left: waiting,
        mark: JSON.stringify(units.filter(({ name }) => names.has(name)).map((unit) => this.#stepsOf(unit))),
      };
    });
  }

  /** What shows that a unit comes ahead. Its states elsewhere do not: one that crashes in a loop changes them for ever. */
  #stepsOf({ name, placements, states }: UnitView) {
    const { id } = this.#machine;
    const here = states.some(({ machineId }) => machineId === id);
    return [name, placements.map(({ machineId }) => machineId), here];
  }

  async #whyStill(left: readonly UnitView[]): Promise<ReadonlyMap<string, Departure>> {
    const { departures } = await this.#api.departures([this.#machine.id]);
    const names = new Set(left.map(({ name }) => name));
    return new Map(departures.flatMap((each) => (names.has(each.unit) ? [[each.unit, each] as const] : [])));
  }

  /** The user has asked for the machine to go. */
  #leave(staying: readonly Departure[]): Sight {
    for (const { unit, reason } of staying)
      this.#options.log(`warning: ${unit} ends with its machine, since no other one takes it: ${reason}`);
    return { left: [] };
  }

  async #followMoved(well: readonly WantedUnit[]): Promise<void> {
    const { units } = await this.#api.units();
    const now = new Map(units.map((unit) => [unit.name, unit]));
    const moved = well.filter((unit) => {
      const view = now.get(unit.name);
      const same = view?.hash === unit.hash && view.targetState === unit.targetState;
      return same && !isOn(view, this.#machine.id);
    });
    if (moved.length === 0) return;
    try {
      await followUnits(this.#api, { units: moved, gone: [] }, this.#options);
    } catch (cause) {
      throw new Error(
        `units of ${this.#machine.name} have moved and are not well where they are now, so no machine was removed: ${messageOf(cause)}. Once that is mended, ${upCommand()} goes on`,
        { cause },
      );
    }
  }
}

function sayAll(departures: ReadonlyMap<string, Departure>): string {
  return [...departures.values()].map(({ unit, reason }) => `${unit}: ${reason}`).join();
}
