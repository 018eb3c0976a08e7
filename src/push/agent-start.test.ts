import { expect, test } from '@jest/globals';
import { FakeMachine } from '../ssh/fake.ts';
import { versionOf } from './agent-files.ts';
import { awaitAgent } from './agent-start.ts';
import { FakeAgent, fakeMachine } from './fake-agent.ts';

const bundle = { bytes: Buffer.from('agent'), sha256: 'ab'.repeat(32) };

/** Waits for the agent of a cluster whose only machine announces the version. */
async function waitFor(version: string, signal: AbortSignal): Promise<void> {
  const machine = fakeMachine('core-1', { version });
  const gateway = new FakeAgent([machine]).gateway('core-1');
  await awaitAgent(
    { ...machine, connect: () => gateway.connect() },
    { bundle, signal, log: () => undefined },
  );
}

test('an agent that announces the version of its bundle is well', async () => {
  await expect(waitFor(versionOf(bundle), AbortSignal.timeout(5000))).resolves.toBeUndefined();
});

test('the one of before, which still answers, is not: it is waited for until the caller gives up', async () => {
  const reason = new Error('interrupted');
  const stop = new AbortController();
  setTimeout(() => stop.abort(reason), 100);
  await expect(waitFor('0123456789ab', stop.signal)).rejects.toMatchObject({ cause: reason });
});

test('one that does not get well is told with its journal and the next step', async () => {
  const ssh = new FakeMachine({ name: 'core-1' });
  let asked: readonly string[] = [];
  ssh.programs.set('journalctl', ({ args }) => {
    asked = args;
    return { stdout: 'cannot bind\n' };
  });
  const starting = awaitAgent(
    { ...fakeMachine('core-1'), connect: async () => ssh.connect() },
    { bundle, log: () => undefined, deadline: 1 },
  );
  const error: unknown = await starting.catch((cause: unknown) => cause);
  expect(String(error)).toMatch(
    /^Error: the agent on core-1 did not get well within 1 s: .*no such socket.*\n.*\ncannot bind\nNext step: `npm run up`, .*another run/,
  );
  expect(String(error).match(/npm run up/g)).toHaveLength(1);
  expect(asked).toEqual(['-u', 'flotilla-agent', '--since=-6s', '-n', '10', '--no-pager']);
});

test('one that answers and waits for etcd has longer', async () => {
  const machine = fakeMachine('core-1', { version: versionOf(bundle) });
  const agent = new FakeAgent([machine]);
  const away = { status: 503, body: { error: { code: 503, message: 'etcd gave no answer in 8 s' } } };
  agent.intercept = () => away;
  setTimeout(() => {
    agent.intercept = () => undefined;
  }, 1500);
  const gateway = agent.gateway('core-1');
  const starting = { ...machine, connect: () => gateway.connect() };
  await awaitAgent(starting, { bundle, log: () => undefined, deadline: 1 });
});

test('a connection that breaks meanwhile is made anew', async () => {
  const machine = fakeMachine('core-1', { version: versionOf(bundle) });
  const gateway = new FakeAgent([machine]).gateway('core-1');
  let tries = 0;
  const connect = async () => {
    if (++tries === 1) throw new Error('the machine closed it');
    return await gateway.connect();
  };
  await awaitAgent({ ...machine, connect }, { bundle, log: () => undefined });
  expect(tries).toBeGreaterThan(1);
});
