import { describe, expect, test } from '@jest/globals';
import { checkType } from './check-types.ts';
import { parseUnit } from './parse.ts';

const check = (unit: string, text: string) =>
  checkType(unit, parseUnit(text)).map(({ line, message, fix }) => `${line ?? '-'}: ${message}; ${fix}`);

describe('accepts', () => {
  test.each([
    ['a.timer', '[Timer]\nOnBootSec=1\n'],
    ['a.timer', '[Timer]\nOnTimezoneChange=yes\n'],
    ['a.path', '[Path]\nDirectoryNotEmpty=/var/spool/a\n'],
    ['a.socket', '[Socket]\nListenStream=80\n'],
    ['srv-data.mount', '[Mount]\nWhat=/dev/vdb\nWhere=/srv/data\n'],
    ['srv-data.mount', '[Mount]\nWhat=/dev/vdb\n'],
    ['srv-data.mount', '[Mount]\nWhat=/dev/vdb\nWhere=/srv/%p\n'],
    ['srv-data.automount', '[Automount]\nWhere=/srv/data/\n'],
    ['dev-vdb.swap', '[Swap]\nWhat=/dev/vdb\n'],
    ['dev-vdb.swap', '[Swap]\n'],
    ['web.target', '[Unit]\nDescription=all of it\n'],
    ['web.slice', '[Slice]\nMemoryMax=1G\n'],
    ['dev-vdb.device', '[Unit]\nDescription=the disk\n'],
  ])('%s %j', (unit, text) => expect(check(unit, text)).toEqual([]));
});

describe('refuses', () => {
  test.each([
    ['a.timer', '[Timer]\nUnit=b.service\n', '1: [Timer] does not say when to start; add OnCalendar='],
    ['a.timer', '[Timer]\nOnCalendar=daily\nOnCalendar=\n', '1: [Timer] does not say when to start'],
    [
      'a.timer',
      '[Unit]\nDescription=a\n',
      '-: a.timer has no [Timer] section; add one; in it, add OnCalendar=',
    ],
    ['a.path', '[Path]\nUnit=b.service\n', '1: [Path] does not say what to watch; add PathExists='],
    [
      'a.socket',
      '[Socket]\nListenstream=80\n',
      '1: [Socket] does not say where to listen; add ListenStream=',
    ],
    ['srv.mount', '[Mount]\nWhere=/srv\n', '1: [Mount] does not say what to mount; add What='],
    [
      'data.mount',
      '[Mount]\nWhat=/dev/vdb\nWhere=/srv/data\n',
      '3: Where=/srv/data does not belong to data.mount; call the file srv-data.mount, or change the path',
    ],
    ['srv.automount', '[Automount]\nWhere=srv\n', '2: Where=srv is not a full path; start it with "/"'],
    ['dev-vdb.swap', '[Swap]\nWhat=LABEL=swap\n', '2: What=LABEL=swap is not a full path'],
    [
      'vdb.swap',
      '[Swap]\nWhat=/dev/vdb\n',
      '2: What=/dev/vdb does not belong to vdb.swap; call the file dev-vdb.swap',
    ],
  ])('%s %j', (unit, text, problem) => expect(check(unit, text)).toEqual([expect.stringContaining(problem)]));
});
