import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { debianRecipe, mmdebstrapArguments, recipeKey, suites } from './recipe.ts';

describe.each(suites)('recipe for %s', (suite) => {
  const recipe = debianRecipe(suite);

  test('the key follows from the contents', () => {
    expect(recipeKey(recipe)).toMatch(new RegExp(`^${suite}-[0-9a-f]{12}$`));
    expect(recipeKey(debianRecipe(suite))).toBe(recipeKey(recipe));
    expect(recipeKey({ ...recipe, packages: [...recipe.packages, 'less'] })).not.toBe(recipeKey(recipe));
  });

  test.each(['before', 'after'] as const)('the script run %s the packages is sound shell', (name) => {
    expect(() => execFileSync('sh', ['-n', '-c', recipe[name]])).not.toThrow();
    expect(recipe[name].startsWith('set -e\n')).toBe(true);
  });

  test('etcd is off and not masked, for a mask would swallow our own unit', () => {
    expect(recipe.after).toContain('systemctl disable etcd');
    expect(recipe.after).not.toMatch(/systemctl mask .*\betcd/);
  });
});

test('the mirrors go into the command line, not into the key', () => {
  const recipe = debianRecipe('trixie');
  const line = mmdebstrapArguments(recipe, {
    mode: 'fakechroot',
    mirrors: { archive: 'http://mirror.example/debian', security: 'http://mirror.example/debian-security' },
    target: '/out/rootfs.tar',
    aptOptions: ['Acquire::http::Proxy "http://127.0.0.1:3142"'],
  });
  expect(line).toContain('--mode=fakechroot');
  expect(line).toContain('--aptopt=Acquire::http::Proxy "http://127.0.0.1:3142"');
  expect(line.slice(-5)).toEqual([
    'trixie',
    '/out/rootfs.tar',
    'deb http://mirror.example/debian trixie main',
    'deb http://mirror.example/debian trixie-updates main',
    'deb http://mirror.example/debian-security trixie-security main',
  ]);
});

test('a host that knows no mirror of Debian leaves the choice to mmdebstrap', () => {
  const options = { mode: 'root', mirrors: {}, target: '/out/rootfs.tar', aptOptions: [] } as const;
  expect(mmdebstrapArguments(debianRecipe('trixie'), options).slice(-2)).toEqual([
    'trixie',
    '/out/rootfs.tar',
  ]);
});
