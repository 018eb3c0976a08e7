import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { loadUnits } from './units.ts';

const service = '[Service]\nExecStart=/bin/sleep infinity\n';
let root: string;

/** Units may have any key. */
const open = { serviceKeys: ['/'], templateKeys: ['/'] };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flotilla-units-'));
});

afterEach(() => rmSync(root, { recursive: true }));

/** A folder of units with these files. */
function folder(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(root, name);
  mkdirSync(path);
  for (const [file, contents] of Object.entries(files)) writeFileSync(join(path, file), contents);
  return path;
}

function problemsOf(...paths: string[]): readonly Problem[] {
  try {
    loadUnits(paths, open);
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
}

test('all folders make one set, each with its own manifest', () => {
  const web = folder('web', { 'web@.service': service, 'units.yaml': 'instances: { web@.service: 2 }\n' });
  const job = folder('job', {
    'job.service': service,
    'units.yaml': 'targetState: { job.service: loaded }\n',
    'README.md': 'What this is.\n',
    '.hidden': '',
  });
  expect(loadUnits([web, job], open).map(({ name, targetState }) => [name, targetState])).toEqual([
    ['job.service', 'loaded'],
    ['web@1.service', 'launched'],
    ['web@2.service', 'launched'],
  ]);
});

describe('what cannot be read', () => {
  test('a folder that is not there', () => {
    const path = join(root, 'nowhere');
    expect(problemsOf(path)).toMatchObject([
      { path: 'flotilla:units', problem: `there is no folder ${path}` },
    ]);
  });

  test('a file instead of a folder', () => {
    const path = join(folder('web', { 'web.service': service }), 'web.service');
    expect(problemsOf(path)).toMatchObject([
      { problem: expect.stringMatching(/web\.service cannot be read: ENOTDIR/) },
    ]);
  });

  test('a folder without units', () => {
    const path = folder('empty', { 'README.md': '' });
    expect(problemsOf(path)).toMatchObject([{ path, problem: 'has no unit files' }]);
  });

  test('a link that leads nowhere', () => {
    const path = folder('web', { 'web.service': service });
    symlinkSync('/nonexistent', join(path, 'lost.service'));
    expect(problemsOf(path)).toMatchObject([
      { path: join(path, 'lost.service'), problem: 'is no file, or a link that leads nowhere' },
    ]);
  });

  test('a file that is too large', () => {
    const path = folder('web', { 'web.service': '#'.repeat(2 * 1024 * 1024 + 1) });
    expect(problemsOf(path)).toMatchObject([
      { path: join(path, 'web.service'), problem: 'is larger than 2 MiB' },
    ]);
  });

  test('all of it at once, with what is wrong in the files', () => {
    const web = folder('web', { 'web.service': '[Service]\nExecStrat=/bin/true\n' });
    const paths = problemsOf(join(root, 'nowhere'), web).map(({ path }) => path);
    expect(paths).toContain('flotilla:units');
    expect(paths.some((path) => path.startsWith(join(web, 'web.service')))).toBe(true);
  });
});

describe('manifests', () => {
  test('a problem names the manifest that it is in', () => {
    const web = folder('web', {
      'web.service': service,
      'units.yaml': 'targetState: { wbe.service: loaded }',
    });
    expect(problemsOf(web)).toMatchObject([
      { path: join(web, 'units.yaml'), problem: 'target state of wbe.service, which is not among the units' },
    ]);
  });

  test('what two folders say of one unit is refused, instead of the last one winning', () => {
    const web = folder('web', { 'web@.service': service, 'units.yaml': 'instances: { web@.service: 2 }\n' });
    const job = folder('job', {
      'job.service': service,
      'units.yaml': 'instances: { web@.service: 3 }\ntargetState: { job.service: loaded }\n',
    });
    expect(problemsOf(web, job)).toEqual([
      {
        path: join(job, 'units.yaml'),
        problem: `instances: web@.service also stands in ${join(web, 'units.yaml')}`,
        fix: 'say it in one of the two',
      },
    ]);
  });
});

test('a key for a service that is below no prefix of the config is refused before anything is pushed', () => {
  const lines = 'Service=app\nPort=80\nServiceKey=/app/server/%i\n';
  const web = folder('web', {
    'web@.service': `${service}[X-Flotilla]\n${lines}`,
    'units.yaml': 'instances: { web@.service: 1 }\n',
  });
  const load = (...serviceKeys: string[]) => loadUnits([web], { serviceKeys, templateKeys: [] });
  for (const prefixes of [['/app/'], ['/db/', '/app/server/']]) expect(load(...prefixes)).toHaveLength(1);
  expect(() => load()).toThrow(
    'web@1.service: ServiceKey=/app/server/1 is below none of flotilla:serviceKeys',
  );
  expect(() => load('/db/')).toThrow('→ name a prefix of it there, such as /app/');
});

describe('templates', () => {
  const unit = `${service}[X-Flotilla]\nTemplate=web.toml\n`;
  const toml = (dest = '/etc/web.conf', keys = '["/web"]') =>
    `[template]\nsrc = "web.tmpl"\ndest = "${dest}"\nkeys = ${keys}\n`;
  const files = { 'web.service': unit, 'web.toml': toml(), 'web.tmpl': '{{getv "/web/x"}}\n' };
  const said = (...paths: string[]) =>
    problemsOf(...paths).map(({ path, problem }) => `${path.replace(`${root}/`, '')}: ${problem}`);

  test('travel within the file of the unit beside them', () => {
    const web = folder('web', files);
    const [loaded] = loadUnits([web], open);
    expect(loaded?.flotilla.templates).toEqual(['web.toml']);
    expect(loaded?.contents.startsWith(unit)).toBe(true);
    expect(loaded?.contents).toContain('Text="{{getv \\"/web/x\\"}}"');
  });

  test('are checked with everything else, all at once', () => {
    const web = folder('web', {
      ...{ 'web.service': `${unit}Weight=x\n`, 'app.service': unit.replace('web.toml', 'app.toml web.toml') },
      ...{ 'web.toml': toml().replace('dest', 'dst'), 'web.tmpl': 'a\n{{getv}' },
    });
    expect(said(web)).toEqual([
      'web/app.service: Template=app.toml is no file here',
      'web/web.toml: dest is missing',
      'web/web.toml:3: there is no setting dst',
      expect.stringContaining('web/web.service:5: Weight=x'),
    ]);
    const broken = folder('broken', { ...files, 'web.tmpl': 'a\n{{getv}' });
    expect(said(broken)).toEqual([expect.stringMatching(/^broken\/web\.tmpl:2:\d+: /)]);
  });

  test('that nobody names are told, and a folder has to have a unit', () => {
    const web = folder('web', { ...files, 'old.toml': toml(), 'old.tmpl': '' });
    expect(said(web)).toEqual([
      'web/old.tmpl: no template resource in use here has it as src',
      'web/old.toml: no unit here names it',
    ]);
    const { 'web.service': _, ...rest } = files;
    expect(said(folder('none', rest))).toContain('none: has no unit files');
  });

  test('are UTF-8', () => {
    const web = folder('web', files);
    writeFileSync(join(web, 'web.tmpl'), Buffer.from([0xff]));
    expect(said(web)).toContain('web/web.tmpl: is no UTF-8 text');
  });

  test('of the same file are one', () => {
    const web = folder('web', { ...files, 'app.service': unit });
    expect(loadUnits([web], open)).toHaveLength(2);
    const other = folder('other', {
      ...{ 'db.service': unit.replace('web', 'db'), 'db.toml': toml(), 'web.tmpl': 'else' },
    });
    expect(said(web, other)).toEqual([
      expect.stringMatching(/^\w+\.service: \w+\.toml writes \/etc\/web\.conf, as does \w+\.toml of /),
    ]);
  });

  test('see keys that machines may read', () => {
    const keys = '["/web/a", "/db", "/", "/flotilla/services/app", "/flotilla/units"]';
    const web = folder('web', { ...files, 'web.toml': toml('/etc/a', keys) });
    const refused = (...templateKeys: string[]) => {
      try {
        loadUnits([web], { serviceKeys: [], templateKeys });
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        return error.problems.map(({ problem }) => problem.split(' ').at(-1));
      }
      return [];
    };
    expect(refused()).toEqual(['/web/a', '/db', '/', '/flotilla/units']);
    expect(refused('/web/', '/db/')).toEqual(['/', '/flotilla/units']);
  });
});
