import { describe, expect, test } from '@jest/globals';
import { InvalidInput } from '../model/problem.ts';
import { parseResource } from './resource.ts';

const least = '[template]\nsrc = "n.tmpl"\ndest = "/etc/n.conf"\nkeys = ["/n"]\n';

function problemsOf(text: string): string[] {
  try {
    parseResource('n.toml', text);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.problems.map(({ path, problem, fix }) => `${path}: ${problem}; ${fix}`);
  }
}

describe('a template resource', () => {
  test('needs src, dest and keys, and has defaults for the rest', () => {
    expect(parseResource('n.toml', least)).toEqual({
      ...{ src: 'n.tmpl', dest: '/etc/n.conf', keys: ['/n'], prefix: '/' },
      ...{ owner: undefined, group: undefined, mode: undefined, check: undefined, reload: undefined },
      ...{ checkTimeout: 30, reloadTimeout: 60, debounce: 0 },
    });
  });

  test('takes all of confd’s settings, and ours', () => {
    const resource = parseResource(
      'n.toml',
      `${least}prefix = "prod"\nuid = 33\ngroup = "adm"\nmode = "0640"\ncheck_cmd = "nginx -t -c {{.src}}"
reload_cmd = "nginx -s reload"\ncheck_cmd_timeout = "5s"\nreload_cmd_timeout = "1min"\ndebounce = "500ms"\n`,
    );
    expect(resource).toMatchObject({
      ...{ prefix: '/prod', owner: 33, group: 'adm', mode: 0o640, reload: 'nginx -s reload' },
      ...{ checkTimeout: 5, reloadTimeout: 60, debounce: 0.5 },
    });
    expect(resource.check?.source.text).toBe('nginx -t -c {{.src}}');
  });

  test('reports all that is wrong, each with its line', () => {
    expect(
      problemsOf(
        '[template]\nsrc = ""\ndest = "n.conf"\nmode = "644"\nuid = "www"\nreload = "x"\ncheck_cmd_timeout = "soon"\n',
      ),
    ).toEqual([
      'n.toml:2: src is ""; expected the name of a template, such as src = "nginx.conf.tmpl"',
      'n.toml:3: dest is "n.conf"; expected the absolute path of a file',
      'n.toml: keys is missing; expected a list of keys, such as keys = ["/services"]',
      'n.toml:5: uid is "www"; expected a number, such as uid = 33; owner takes a name',
      'n.toml:4: mode is "644"; expected an octal number in quotes, such as "0644"',
      'n.toml:7: check_cmd_timeout is "soon"; expected a time span, such as "30s" or "2min"',
      'n.toml:6: there is no setting reload; known are src, dest, keys, prefix, owner, group, uid, gid, mode, check_cmd, ' +
        'reload_cmd, check_cmd_timeout, reload_cmd_timeout, debounce',
    ]);
  });

  test.each([
    ['', 'n.toml: template is missing; expected a table: a line [template], and below it src, dest and keys'],
    [
      `${least}mode = 644\n`,
      'n.toml:5: mode is 644; expected an octal number in quotes, such as mode = "0644"',
    ],
    [`${least}relod_cmd = "x"\n`, 'n.toml:5: there is no setting relod_cmd; did you mean reload_cmd?'],
    [`${least}uid = 1\nowner = "www"\n`, 'n.toml:5: uid beside owner; leave one of them out'],
    [
      `${least}check_cmd = "nginx {{.src"\n`,
      'n.toml: check_cmd:1:13: an action is not closed; close it with }}',
    ],
    [
      least.replace('n.tmpl', '../n.tmpl'),
      'n.toml:2: src is "../n.tmpl"; expected a path below the folder of templates',
    ],
    [
      least.replace('["/n"]', '[]'),
      'n.toml:4: keys is []; expected a list of keys, such as keys = ["/services"]',
    ],
  ])('%j is refused', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test('what is no TOML is refused with line and column', () => {
    expect(problemsOf('[template\n')).toEqual([
      expect.stringMatching(/^n\.toml:\d+:\d+: this is no TOML: .*; write lines like/),
    ]);
  });
});
