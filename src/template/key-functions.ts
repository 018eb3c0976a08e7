import { compare } from '../model/compare.ts';
import { type TemplateFunction, takes, takesMore } from './function.ts';
import { Complaint } from './template-error.ts';
import { List, pair } from './value.ts';

function missing(key: string): Complaint {
  return new Complaint(
    `there is no key ${key}`,
    `give a default, getv ${JSON.stringify(key)} "…", or ask first with exists`,
  );
}

export const keyFunctions: Readonly<Record<string, TemplateFunction>> = {
  exists: takes(['string'], ([key], { keys }) => keys.get(key) !== undefined),
  get: takes(['string'], ([key], { keys }) => {
    const value = keys.get(key);
    if (value === undefined) throw missing(key);
    return pair(key, value);
  }),
  getv: takesMore(['string'], 'string', ([key], [fallback], { keys }) => {
    const value = keys.get(key) ?? fallback;
    if (value === undefined) throw missing(key);
    return value;
  }),
  gets: takes(['string'], ([pattern], { keys, effort }) => new List('pair', keys.matching(pattern, effort))),
  getvs: takes(['string'], ([pattern], { keys, effort }) => {
    const values = keys.matching(pattern, effort).map(({ fields }) => String(fields.get('Value')));
    return new List('string', values.sort(compare));
  }),
  ls: takes(['string'], ([path], { keys, effort }) => new List('string', keys.list(path, effort))),
  lsdir: takes(['string'], ([path], { keys, effort }) => new List('string', keys.directories(path, effort))),
};
