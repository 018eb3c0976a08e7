import { expect, test } from '@jest/globals';
import { checkUnits } from './check.ts';
import { formatProblem } from './problem.ts';

function problems(name: string, lines: string): string[] {
  const contents = `[Service]\nExecStart=/bin/x\n[Install]\n${lines}\n`;
  const manifest = name.includes('@.') ? { instances: { [name]: 2 } } : {};
  const result = checkUnits([{ name, contents }], manifest);
  return 'problems' in result ? result.problems.map(formatProblem) : [];
}

test.each([
  ['web.service', 'WantedBy=multi-user.target docker.service\nAlsoo=x\nAlso=docker.service'],
  ['web.service', 'Alias=www.service %p-too.service\nAlias=es\\x2dcaped.service'],
  ['web@.service', 'Alias=www@%i.service\nWantedBy=%p.target'],
  // The machine's name is known there only.
  ['web.service', 'Alias=web-%H'],
])('%s may have an [Install] section: %s', (name, lines) => {
  expect(problems(name, lines)).toEqual([]);
});

test('an alias that the machine itself runs on is refused, and one that is no name of such a unit', () => {
  expect(problems('web.service', 'WantedBy=a.target\nAlias=www.service \\\n docker.service')).toEqual([
    'web.service:5: Alias=: the machine itself runs on a unit "docker.service"; give the unit another name',
  ]);
  expect(problems('web@.service', 'Alias=%p.socket')).toEqual([
    expect.stringContaining('Alias=web.socket is a name of another type than web@1.service'),
  ]);
  expect(problems('web.service', 'Alias=web')).toEqual([expect.stringContaining('has no type')]);
});
