import type { UnitOption } from './parse.ts';

/** A `Service=` line, and the lines below it, up to the next one, that say more of it. */
export interface ServiceGroup<Option> {
  readonly service: Option;
  readonly ports: readonly Option[];
  readonly keys: readonly Option[];
}

export interface ServiceGroups<Option> {
  readonly services: readonly ServiceGroup<Option>[];
  /** Lines above the first `Service=`, which are of none. */
  readonly stray: readonly Option[];
}

/** Which lines in `[X-Flotilla]` belong to which `Service=`: a unit may offer several services. */
export function serviceGroups<Option extends UnitOption>(own: readonly Option[]): ServiceGroups<Option> {
  const services: { service: Option; ports: Option[]; keys: Option[] }[] = [];
  const stray: Option[] = [];
  for (const option of own) {
    if (option.name === 'Service') services.push({ service: option, ports: [], keys: [] });
    if (option.name === 'Port') (services.at(-1)?.ports ?? stray).push(option);
    if (option.name === 'ServiceKey') (services.at(-1)?.keys ?? stray).push(option);
  }
  return { services, stray };
}
