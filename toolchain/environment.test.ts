import { homedir } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { backendFolder, type Environment, pulumiEnvironment, type Surroundings } from './environment.ts';

const OWN = 'file:///clone/.flotilla/state';

function environmentOf(given: Partial<Surroundings>) {
  return pulumiEnvironment({ clone: '/clone', environment: {}, login: undefined, args: ['up'], ...given });
}

describe('backend', () => {
  test('is in the clone for who is logged in nowhere', () => {
    const result = environmentOf({});
    expect(result.variables.PULUMI_BACKEND_URL).toBe(OWN);
    expect(result.backend).toBe(OWN);
    expect(result.stateFolder).toBe('/clone/.flotilla/state');
  });

  test('an empty variable is none, as for pulumi', () => {
    expect(environmentOf({ environment: { PULUMI_BACKEND_URL: '' } }).variables.PULUMI_BACKEND_URL).toBe(OWN);
  });

  test.each([
    [
      'the variable',
      { environment: { PULUMI_BACKEND_URL: 's3://b' }, login: 'https://x' },
      's3://b',
      's3://b',
    ],
    ['the login', { login: 'https://x' }, undefined, 'https://x'],
    ['an access token', { environment: { PULUMI_ACCESS_TOKEN: 't' } }, undefined, 'https://api.pulumi.com'],
  ])("is the user's own: %s", (_, given, variable, backend) => {
    const result = environmentOf(given);
    expect(result.variables.PULUMI_BACKEND_URL).toBe(variable);
    expect(result.backend).toBe(backend);
    expect(result.stateFolder).toBeUndefined();
    expect(result.passphraseFile).toBeUndefined();
    expect(result.variables.PULUMI_CONFIG_PASSPHRASE_FILE).toBeUndefined();
  });

  test.each([[['login', 's3://b']], [['--non-interactive', 'login']], [['logout']]])(
    'is left to %j',
    (args) => {
      const result = environmentOf({ args });
      expect(result.variables.PULUMI_BACKEND_URL).toBeUndefined();
      expect(result.stateFolder).toBeUndefined();
    },
  );

  test('after a login to the clone it has its passphrase still', () => {
    expect(environmentOf({ login: OWN }).passphraseFile).toBe('/clone/.flotilla/passphrase');
  });

  test.each([
    ['/var/fleet', 'file:///var/fleet/state', '/var/fleet/passphrase'],
    ['elsewhere', 'file:///clone/elsewhere/state', '/clone/elsewhere/passphrase'],
    ['/with space', 'file:///with%20space/state', '/with space/passphrase'],
  ])('follows FLOTILLA_HOME=%s', (home, backend, passphraseFile) => {
    expect(environmentOf({ environment: { FLOTILLA_HOME: home } })).toMatchObject({
      backend,
      passphraseFile,
    });
  });
});

describe('passphrase', () => {
  test('comes from a file beside the state', () => {
    const { variables, passphraseFile } = environmentOf({});
    expect(passphraseFile).toBe('/clone/.flotilla/passphrase');
    expect(variables.PULUMI_CONFIG_PASSPHRASE_FILE).toBe('/clone/.flotilla/passphrase');
  });

  test.each([
    ['PULUMI_CONFIG_PASSPHRASE', 'mine'],
    ['PULUMI_CONFIG_PASSPHRASE', ''],
    ['PULUMI_CONFIG_PASSPHRASE_FILE', '/mine'],
  ])('stays as the user has it: %s=%s', (name, value) => {
    const { variables, passphraseFile } = environmentOf({ environment: { [name]: value } });
    expect(passphraseFile).toBeUndefined();
    const set = Object.entries(variables).filter(([key]) => key.startsWith('PULUMI_CONFIG_PASSPHRASE'));
    expect(set).toEqual([[name, value]]);
  });
});

test('defaults give way to what the user has set', () => {
  const { variables } = environmentOf({ environment: { PULUMI_SKIP_UPDATE_CHECK: 'false', OTHER: '1' } });
  expect(variables).toMatchObject({
    PULUMI_SKIP_UPDATE_CHECK: 'false',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    PULUMI_DISABLE_REGISTRY_RESOLVE: 'true',
    OTHER: '1',
  });
});

test("the clone's Node comes first on PATH", () => {
  expect(environmentOf({ environment: { PATH: '/bin' } }).variables.PATH).toBe(
    '/clone/node_modules/.bin:/bin',
  );
  expect(environmentOf({}).variables.PATH).toBe('/clone/node_modules/.bin');
});

test('what Node compiled is kept in the clone, unless the user keeps it elsewhere', () => {
  const kept = (environment: Environment) => environmentOf({ environment }).variables.NODE_COMPILE_CACHE;
  expect(kept({})).toBe('/clone/.flotilla/compiled');
  expect(kept({ NODE_COMPILE_CACHE: '/tmp/mine' })).toBe('/tmp/mine');
});

test.each([
  [undefined, undefined],
  ['https://api.pulumi.com', undefined],
  ['s3://bucket', undefined],
  ['file:///a%20b/c', '/a b/c'],
  ['file://~/state', `${homedir()}/state`],
  ['file://~', homedir()],
  ['file://./state', '/clone/state'],
])('folder of backend %s', (backend, folder) => {
  expect(backendFolder(backend, '/clone')).toBe(folder);
});
