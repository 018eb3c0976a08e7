import { expect, test } from '@jest/globals';
import { parseUnit } from './parse.ts';
import { triggeredBy } from './triggers.ts';

test.each([
  ['a.timer', '[Timer]\nOnCalendar=daily\n', 'a.service'],
  ['a@3.timer', '[Timer]\nOnCalendar=daily\n', 'a@3.service'],
  ['a@3.timer', '[Timer]\nUnit=%p-run@%i.service\n', 'a-run@3.service'],
  ['a.timer', '[Timer]\nUnit=b.service\nUnit=c.target\n', 'c.target'],
  ['a.socket', '[Socket]\nListenStream=80\n', 'a.service'],
  ['a.socket', '[Socket]\nService=b.service\n', 'b.service'],
  ['a.socket', '[Socket]\nAccept=yes\n', undefined],
  ['a.path', '[Path]\nUnit=b.service\n[Timer]\nUnit=c.service\n', 'b.service'],
  ['srv-a.automount', '[Automount]\nWhere=/srv/a\n', 'srv-a.mount'],
  ['a.service', '[Service]\nExecStart=/bin/a\n', undefined],
  ['nonsense', '', undefined],
])('%s with %j starts %s', (unit, text, started) => {
  expect(triggeredBy(unit, parseUnit(text).options)).toBe(started);
});
