import { describe, expect, test } from '@jest/globals';
import { readAttached } from '../unit/attached-templates.ts';
import { parseUnit } from '../unit/parse.ts';
import { attachTemplates, checkAttached } from './attach.ts';

const unit = '[Service]\nExecStart=/usr/sbin/nginx\n[X-Flotilla]\nTemplate=nginx.toml\n';
const toml = '[template]\nsrc = "nginx.conf.tmpl"\ndest = "/etc/nginx/nginx.conf"\nkeys = ["/nginx"]\n';
const files: Readonly<Record<string, string>> = {
  'nginx.toml': toml,
  'nginx.conf.tmpl': '{{getv "/nginx/x"}}\n',
};

function attach(changed: Readonly<Record<string, string | undefined>> = {}, contents = unit) {
  const all = { ...files, ...changed };
  return attachTemplates('units/web/nginx.service', contents, (name) => {
    const found = all[name];
    return found === undefined ? undefined : { path: `units/web/${name}`, contents: found };
  });
}
const said = (problems: readonly { path: string; problem: string; fix: string }[]) =>
  problems.map(({ path, problem, fix }) => `${path}: ${problem}; ${fix}`);
const check = (contents: string) => said(checkAttached('nginx.service', parseUnit(contents).options));

describe('attachTemplates', () => {
  test('puts resource and template into the unit, as they are', () => {
    const { contents, problems, used } = attach();
    expect([problems, used]).toEqual([[], ['nginx.toml', 'nginx.conf.tmpl']]);
    expect(contents.startsWith(unit)).toBe(true);
    expect(readAttached(parseUnit(contents).options)).toEqual([
      { name: 'nginx.toml', resource: toml, text: files['nginx.conf.tmpl'] },
    ]);
    expect(check(contents)).toEqual([]);
  });

  test('leaves a unit without templates as it is', () => {
    expect(attach({}, '[Service]\nExecStart=/bin/true').contents).toBe('[Service]\nExecStart=/bin/true');
  });

  test.each([
    [{ 'nginx.toml': undefined }, ['units/web/nginx.service: Template=nginx.toml is no file here']],
    [{ 'nginx.conf.tmpl': undefined }, ['units/web/nginx.toml: src = "nginx.conf.tmpl" is no file here']],
    [{ 'nginx.conf.tmpl': 'a\n {{getv}' }, ['units/web/nginx.conf.tmpl:2:']],
    [
      { 'nginx.toml': toml.replace('dest', 'dst').replace('keys = ["/nginx"]', '') },
      [
        'units/web/nginx.toml: dest is missing',
        'units/web/nginx.toml: keys is missing',
        'units/web/nginx.toml:3: there is no setting dst',
      ],
    ],
  ])('says what is wrong with %j', (changed, expected) => {
    const found = said(attach(changed).problems);
    expect(found).toEqual(expected.map((text) => expect.stringContaining(text)));
  });

  test('does not choose between two texts of one name', () => {
    const again = attach({}, attach().contents);
    expect(said(again.problems)).toEqual([
      'units/web/nginx.service: nginx.toml is in the unit and beside it; take the section [X-Template] out of the unit, or the file away',
    ]);
    const moved = attach({ 'nginx.toml': undefined }, attach().contents);
    expect([moved.problems, moved.contents]).toEqual([[], attach().contents]);
  });
});

describe('checkAttached', () => {
  test('asks for the text of each', () => {
    expect(check(unit)).toEqual([
      expect.stringContaining('nginx.service: Template=nginx.toml comes without its text'),
    ]);
  });

  test('reads what came without any check of ours', () => {
    const bad = attach()
      .contents.replace('{{getv \\"/nginx/x\\"}}', '{{gtv}}')
      .replace('/etc/nginx/nginx.conf', 'x');
    expect(check(bad)).toEqual([expect.stringContaining('nginx.toml:3: dest is "x"')]);
    expect(check(attach().contents.replace('{{getv', '{{gtv'))).toEqual([
      expect.stringMatching(/^nginx\.conf\.tmpl:1:3: .*gtv/),
    ]);
  });
});
