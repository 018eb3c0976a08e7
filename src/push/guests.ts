import type { UnitView } from '../model/api.ts';
import { parseUnit } from '../unit/parse.ts';
import { readRequirements } from '../unit/requirements.ts';
import type { AgentApi } from './api.ts';
import { unitContents } from './unit-contents.ts';

/** The units of a machine that leave it when it is drained: all but global ones, which belong to it. */
export class Guests {
  readonly #api: Pick<AgentApi, 'unit'>;
  readonly #machineId: string;
  /** By hash of the unit file, whether it makes a global unit. */
  readonly #global = new Map<string, boolean>();

  constructor(api: Pick<AgentApi, 'unit'>, machineId: string) {
    this.#api = api;
    this.#machineId = machineId;
  }

  async among(units: readonly UnitView[]): Promise<readonly UnitView[]> {
    const guests: UnitView[] = [];
    for (const unit of units) {
      if (isOn(unit, this.#machineId) && (await this.#mustLeave(unit))) guests.push(unit);
    }
    return guests;
  }

  /** One that was destroyed since the list was made is nobody's any more. */
  async #mustLeave({ name, hash }: UnitView): Promise<boolean> {
    const known = this.#global.get(hash);
    if (known !== undefined) return !known;
    const contents = await unitContents(this.#api, name);
    if (contents === undefined) return false;
    const { global } = readRequirements(name, parseUnit(contents).options);
    this.#global.set(hash, global);
    return !global;
  }
}

/** Also when it has no place there any more, and the machine has not stopped it yet. */
export function isOn({ placements, states }: UnitView, machine: string): boolean {
  return [...placements, ...states].some(({ machineId }) => machineId === machine);
}
