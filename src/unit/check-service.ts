import { effectiveValues } from './effective-values.ts';
import type { ParsedUnit } from './parse.ts';
import type { Flaw } from './problem.ts';
import { isTrue } from './systemd-boolean.ts';

/**
 * The rules that make systemd refuse a service when it loads the file: systemd.service(5), ExecStart= and Type=.
 * Found here they cost a second at preview instead of a rollout that fails.
 */
export function checkService(unit: string, { options, sections }: ParsedUnit): Flaw[] {
  const section = sections.find(({ name }) => name === 'Service');
  if (section === undefined) {
    return [{ rule: 'service', message: `${unit} has no [Service] section`, fix: 'add one with ExecStart=' }];
  }
  const flaw = refusal((name) => effectiveValues(options, ['Service', 'Unit'], name));
  return flaw === undefined ? [] : [{ rule: 'service', line: section.line, ...flaw }];
}

type Values = (name: string) => string[];

function refusal(values: Values): { message: string; fix: string } | undefined {
  const has = (name: string) => values(name).length > 0;
  const oneshot = values('Type').at(-1) === 'oneshot';
  const stays = isTrue(values('RemainAfterExit').at(-1));
  const starts = values('ExecStart').length;
  if (starts === 0 && !oneshot) {
    return {
      message: 'service without ExecStart=',
      fix: 'add ExecStart=, or Type=oneshot, RemainAfterExit=yes and ExecStop=',
    };
  }
  if (starts === 0 && !has('ExecStop') && !has('SuccessAction')) {
    return { message: 'service without ExecStart=, ExecStop= and SuccessAction=', fix: 'add one of them' };
  }
  if (starts === 0 && !stays && !has('SuccessAction')) {
    const fix = 'set RemainAfterExit=yes, or ExecStop= would run as soon as the service starts';
    return { message: 'service with ExecStop= alone that does not stay active', fix };
  }
  if (starts > 1 && !oneshot) {
    const fix = 'keep one, or set Type=oneshot, or put an empty ExecStart= before the one that counts';
    return { message: `service with ${starts} ExecStart= lines`, fix };
  }
  return undefined;
}
