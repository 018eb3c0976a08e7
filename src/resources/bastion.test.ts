import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { answerOwn } from '../../test/contract/platform.ts';
import { known, type Provider, runProgram } from '../../test/contract/pulumi-program.ts';
import { stackSchema } from '../config/schema.ts';
import { InvalidInput } from '../model/problem.ts';
import type { ProxyJump } from '../model/proxy-jump.ts';
import { planCluster } from '../plan/plan.ts';
import { answerFake, fakePlatform } from '../platform/fake-platform.ts';
import { wholeStack } from '../platform/scope.ts';
import { generateSshKey } from '../ssh/key-pair.ts';
import { startTestBastion, type TestBastion } from '../ssh/test-bastion.ts';
import { checkBastion } from './bastion.ts';
import { createCluster } from './cluster.ts';
import { clusterOutputs } from './outputs.ts';

let bastion: TestBastion;

beforeEach(async () => {
  bastion = await startTestBastion();
});
afterEach(() => bastion.close());

const provider: Provider = (args) => {
  if (args.type.startsWith('fake:')) return answerFake(args);
  if (args.type.endsWith(':SshKey')) return answerOwn(args);
  const contact = { publicKey: `key of ${args.name}`, machineId: `id of ${args.name}` };
  return { id: args.name, state: { ...args.inputs, ...(args.type.endsWith(':HostKey') ? contact : {}) } };
};

function run({ inCluster: _, ...proxyJump }: ProxyJump, answer = provider) {
  const plan = planCluster(
    'dev',
    stackSchema.parse({ machines: { core: { count: 1, etcd: true }, worker: { count: 1 } }, proxyJump }),
  );
  const program = async () =>
    clusterOutputs(await createCluster(plan, fakePlatform(), wholeStack), undefined);
  return runProgram(program, answer);
}

describe('a cluster behind a bastion', () => {
  test('has it in all that connects to its machines, and the path of a key, never the key', async () => {
    const { result, registered } = await run(bastion.jump);
    const inputsOf = (kind: string) =>
      registered.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ inputs }) => inputs);
    const proxyJump = bastion.jump;
    expect(inputsOf('HostKey')).toMatchObject([{ proxyJump }, { proxyJump }]);
    expect(inputsOf('EtcdCluster')).toMatchObject([{ members: [{ name: 'core-1', proxyJump }] }]);
    expect(inputsOf('Agents')).toMatchObject([{ machines: [{ proxyJump }, { proxyJump }] }]);
    expect((await known(result.connection)).machines).toMatchObject([{ proxyJump }, { proxyJump }]);
    expect(registered.find(({ type }) => type.endsWith(':HostKey'))?.ignoreChanges).toContain('proxyJump');
    expect(bastion.server.accepted).toBe(1);
  });

  test('is refused before anything is declared, when the bastion is another one', async () => {
    const asked: string[] = [];
    const record: Provider = (args) => {
      asked.push(args.name);
      return provider(args);
    };
    const hostKey = generateSshKey('meant').publicKey;
    const error: unknown = await run({ ...bastion.jump, hostKey }, record).catch((thrown: unknown) => thrown);
    if (!(error instanceof InvalidInput)) throw error;
    expect(error.message).toContain('The bastion cannot be used; nothing was changed:');
    expect(error.problems.map(({ path }) => path)).toEqual(['flotilla:proxyJump.hostKey']);
    expect(asked).toEqual([]);
    expect(bastion.server.authentications).toBe(0);
  });
});

test("one of the cluster's own machines is left to its platform", async () => {
  await checkBastion({ ...bastion.jump, inCluster: true });
  expect(bastion.server.accepted).toBe(0);
});
