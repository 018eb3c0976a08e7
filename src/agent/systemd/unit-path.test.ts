import { expect, test } from '@jest/globals';
import { unitPath } from './unit-path.ts';

// As `busctl tree org.freedesktop.systemd1` shows them.
test.each([
  ['docker.service', 'docker_2eservice'],
  ['hello@1.service', 'hello_401_2eservice'],
  ['-.mount', '_2d_2emount'],
  ['es\\x2dcaped.service', 'es_5cx2dcaped_2eservice'],
  ['1st_unit.timer', '_31st_5funit_2etimer'],
])('%s is at %s', (unit, path) => {
  expect(unitPath(unit)).toBe(`/org/freedesktop/systemd1/unit/${path}`);
});
