import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CommandFailed } from './failure.ts';
import { FakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.agent.put('hello.service', '[Service]\nExecStart=/bin/hello\n');
  cluster.agent.put('pending.service', 'x');
  cluster.agent.change('pending.service', { placements: [], states: [], pending: 'no machine has disk=ssd' });
  cluster.agent.put('global.service', 'x');
  const hello = cluster.agent.views.get('global.service');
  const [placement] = hello?.placements ?? [];
  if (placement) {
    const placements = cluster.machines.slice(0, 2).map(({ id }) => ({ ...placement, machineId: id }));
    cluster.agent.change('global.service', { placements });
  }
});

describe('cat', () => {
  test('prints the file byte for byte; the type may be left out', async () => {
    const { status, stdout } = await cluster.flotilla('cat hello');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '[Service]\nExecStart=/bin/hello\n' });
  });

  test('suggests the unit that was meant', async () => {
    const { status, stderr } = await cluster.flotilla('cat helo.service');
    expect(status).toBe(1);
    expect(stderr).toBe(
      'flotilla: there is no unit helo.service, did you mean hello.service; ' +
        '`flotilla list-unit-files` shows all\n',
    );
  });
});

describe('status', () => {
  test("runs systemctl where the unit is and ends with systemctl's status", async () => {
    cluster.exitStatus = 3;
    const { status, programs, stdout } = await cluster.flotilla('status hello.service');
    expect(status).toBe(3);
    expect(programs).toEqual(['core-1 root: ["systemctl","status","-l","--no-pager","--","hello.service"]']);
    expect(stdout).toBe('output of systemctl on core-1\n');
  });

  test('asks every machine of a unit, and goes on to the next unit', async () => {
    const { stdout } = await cluster.flotilla('status global hello');
    expect(stdout.split('\n')).toEqual([
      '== core-1',
      'output of systemctl on core-1',
      '== core-2',
      'output of systemctl on core-2',
      '',
      'output of systemctl on core-1',
      '',
    ]);
  });

  test('a pending unit says why, with the status of one that is not active', async () => {
    const { status, stdout, programs } = await cluster.flotilla('status pending.service');
    expect({ status, stdout, programs }).toEqual({
      status: 3,
      stdout:
        'pending.service: it is pending: no machine has disk=ssd; ' +
        '`flotilla explain pending.service` says what each machine has against it\n',
      programs: [],
    });
  });
});

test('a template, a folder for a file and a glob without units say what to name instead', async () => {
  cluster.agent.put('web@.service', 'web', 'inactive');
  const says = async (line: string) => (await cluster.flotilla(line)).stderr;
  expect(await says('journal web@')).toContain(
    'web@.service: it is a template, which goes to no machine; name',
  );
  expect(await says('verify src/cli')).toBe("flotilla: src/cli is a folder; name its files: 'src/cli/*'\n");
  expect(await says('verify src/none*')).toContain('matches no unit file; expected some like hello.service');
  expect(await says('start none*')).toContain('`flotilla list-unit-files` shows all units');
});

describe('journal', () => {
  test('prints the last ten lines, or as many as asked for', async () => {
    const { programs } = await cluster.flotilla('journal hello');
    expect(programs).toEqual([
      'core-1 root: ["journalctl","--no-pager","--lines","10","--unit","hello.service"]',
    ]);
    expect((await cluster.flotilla('journal --lines 3 --output cat hello')).programs).toEqual([
      'core-1 root: ["journalctl","--no-pager","--lines","3","--unit","hello.service","--output","cat"]',
    ]);
  });

  test('Ctrl-C is the regular end of following', async () => {
    cluster.exitStatus = 130;
    const { status, programs } = await cluster.flotilla('journal -f hello');
    expect(status).toBe(0);
    expect(programs[0]).toContain('"--follow"');
    expect((await cluster.flotilla('journal hello')).status).toBe(130);
  });

  test('a unit on several machines needs one to be named', async () => {
    const { status, stderr } = await cluster.flotilla('journal global');
    expect(status).toBe(1);
    expect(stderr).toBe('flotilla: global.service is on core-1, core-2; choose one with --machine\n');
    expect((await cluster.flotilla('journal --machine core-2 global')).programs[0]).toMatch(/^core-2 /);
  });

  test('a pending unit has none, and a number of lines must be one', async () => {
    expect((await cluster.flotilla('journal pending')).stderr).toContain(
      'it is pending: no machine has disk=ssd',
    );
    expect((await cluster.flotilla('journal --lines many hello')).status).toBe(2);
  });
});

describe('ssh', () => {
  test.each([
    [['ssh', 'core-1'], 'core-1: (shell)'],
    [['ssh', 'core-2', 'ls', '-la', '/tmp/a b'], 'core-2: ["ls","-la","/tmp/a b"]'],
    [['ssh', 'core-2', '--', 'ls', '-la'], 'core-2: ["ls","-la"]'],
    [['ssh', 'core-1', 'dmesg | tail'], 'core-1: ["sh","-c","dmesg | tail"]'],
    [['ssh', '22', 'uptime'], 'worker-1: ["sh","-c","uptime"]'],
    [['ssh', '--unit', 'hello', 'docker', 'ps', '--all'], 'core-1: ["docker","ps","--all"]'],
    [['ssh', '--unit', 'hello'], 'core-1: (shell)'],
    [['ssh', 'hello', 'uptime'], 'core-1: ["sh","-c","uptime"]'],
    [['ssh', '--machine', 'core-2', 'uptime'], 'core-2: ["sh","-c","uptime"]'],
  ])('%j runs %s', async (line, program) => {
    cluster.exitStatus = 42;
    expect(await cluster.flotilla(line)).toMatchObject({ status: 42, programs: [program], stderr: '' });
  });

  test.each([
    ['ssh cor-1', 1, 'there is no machine cor-1, did you mean core-1; known: core-1, core-2, worker-1'],
    ['ssh 1', 1, 'machine 1 may be core-1 (11'],
    ['ssh --unit pending', 1, 'pending.service: it is pending: no machine has disk=ssd'],
    ['ssh', 2, 'say which machine'],
    ['ssh --unit hello --machine core-1', 2, 'cannot be used with'],
    ['ssh -A core-1', 1, 'SSH_AUTH_SOCK names no ssh-agent to forward'],
  ])('%s ends with %d', async (line, status, message) => {
    const result = await cluster.flotilla(line);
    expect(result.status).toBe(status);
    expect(result.stderr).toContain(message);
    expect(result.programs).toEqual([]);
  });

  test('-A lends the ssh-agent', async () => {
    cluster.env = { SSH_AUTH_SOCK: '/run/agent.sock' };
    expect((await cluster.flotilla('ssh -A core-1 ls')).programs).toEqual(['core-1 agent: ["sh","-c","ls"]']);
  });

  test('a word that is a unit and the beginning of an id is refused', async () => {
    cluster.agent.put('22.service', 'x');
    const { status, stderr } = await cluster.flotilla('ssh 22');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'flotilla: 22 is both a unit and the beginning of an id; say --unit or --machine\n',
    });
  });

  test('a machine by its name needs no agent that answers', async () => {
    cluster.agent.intercept = () => 'drop';
    expect(await cluster.flotilla('ssh core-1')).toMatchObject({ status: 0, programs: ['core-1: (shell)'] });
  });
});

describe('flotilla', () => {
  test('takes the stack from the option, before or after the verb, or from the environment', async () => {
    expect((await cluster.flotilla('list-units')).stacks).toEqual([undefined]);
    cluster.env = { FLOTILLA_STACK: 'staging' };
    expect((await cluster.flotilla('list-units')).stacks).toEqual(['staging']);
    expect((await cluster.flotilla('list-units --stack prod')).stacks).toEqual(['prod']);
    expect((await cluster.flotilla('--stack prod list-units')).stacks).toEqual(['prod']);
  });

  test('takes one of several clusters from the option or from the environment', async () => {
    expect((await cluster.flotilla('list-units')).clusters).toEqual([undefined]);
    cluster.env = { FLOTILLA_CLUSTER: 'blue' };
    expect((await cluster.flotilla('list-units')).clusters).toEqual(['blue']);
    expect((await cluster.flotilla('list-units --cluster green')).clusters).toEqual(['green']);
    expect((await cluster.flotilla('--cluster green list-units')).clusters).toEqual(['green']);
  });

  test('a failure is one line, and a stack only with --debug', async () => {
    cluster.openError = new CommandFailed('the selected stack has no cluster that is up');
    expect(await cluster.flotilla('list-units')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'flotilla: the selected stack has no cluster that is up\n',
    });
    expect((await cluster.flotilla('list-units --debug')).stderr).toMatch(/CommandFailed: .*\n\s+at /);
  });

  test.each([
    'verify --debug nowhere.service',
    '--debug verify nowhere.service',
    'fd-forward --debug /nowhere/socket',
    'list-units --debug --fields colour',
    'ssh --debug -A core-1',
  ])('%s shows the stack also of what fails before a cluster is opened', async (line) => {
    const { stderr, stacks } = await cluster.flotilla(line);
    expect(stderr).toMatch(/\n\s+at /);
    expect(stacks).toEqual([]);
  });

  test('agents that do not answer are named', async () => {
    cluster.agent.intercept = () => 'drop';
    const { status, stderr } = await cluster.flotilla('list-units');
    expect(status).toBe(4);
    expect(stderr).toContain(
      "no machine's agent answered (core-1: socket hang up); `npm run up -- --refresh` starts",
    );
  });

  test.each(['--help', 'help', 'status --help'])('%s explains itself with an example', async (line) => {
    const { status, stdout } = await cluster.flotilla(line);
    expect(status).toBe(0);
    expect(stdout).toContain('$ flotilla ');
  });

  test('every verb of the help has examples in its own, and stands in docs/cli.md', async () => {
    const { stdout } = await cluster.flotilla('--help');
    const [, commands = ''] = stdout.split('\nLooking:\n');
    const verbs = [...commands.matchAll(/^ {2}([a-z][a-z-]*) /gm)].flatMap(([, verb]) =>
      verb && verb !== 'help' ? verb : [],
    );
    expect(verbs).toEqual(expect.arrayContaining(['list-machines', 'start', 'rollout', 'version']));
    for (const verb of verbs) {
      expect((await cluster.flotilla(`${verb} --help`)).stdout).toContain(`flotilla ${verb}`);
    }
    const docs = readFileSync('docs/cli.md', 'utf8');
    const named = (verb: string) => new RegExp(`(flotilla |^#.*|[\`|] *)${verb}\\b`, 'm').test(docs);
    expect(verbs.filter((verb) => !named(verb))).toEqual([]);
  });

  test.each([
    ['frobnicate', "unknown command 'frobnicate'", 'flotilla'],
    ['list-unitz', "unknown command 'list-unitz'\n(Did you mean list-units?)", 'flotilla'],
    ['cat', "missing required argument 'unit'", 'flotilla cat'],
    ['rollout pause --frob', "unknown option '--frob'", 'flotilla rollout pause'],
  ])('what is wrong with %j is said as all else, with the way to its help', async (line, problem, path) => {
    expect((await cluster.flotilla(line)).stderr).toBe(
      `flotilla: ${problem}\n\`${path} --help\` shows how\n`,
    );
  });

  test.each(['', 'frobnicate', 'list-units --frob', 'cat'])('"%s" is a usage error', async (line) => {
    const { status, stderr, stdout } = await cluster.flotilla(line);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  });
});
