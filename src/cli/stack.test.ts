import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readStack } from './stack.ts';

const connection = {
  privateKey: 'PRIVATE',
  machines: [
    {
      name: 'core-1',
      id: '1'.repeat(32),
      address: '10.0.0.1',
      host: '127.0.0.1',
      port: 2201,
      hostKey: 'ssh-ed25519 AAAA',
      user: 'admin',
      etcd: true,
    },
  ],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-stack-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Something that answers like `pulumi stack output`. */
async function pulumi(body: string): Promise<string> {
  const path = join(folder, 'pulumi');
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

const log = () => undefined;

describe('readStack', () => {
  test('asks for the secret outputs of the stack', async () => {
    const seen = join(folder, 'seen');
    const path = await pulumi(
      `echo "$@" > ${seen}; cat <<'END'\n${JSON.stringify({ connection, other: 1 })}\nEND`,
    );
    expect(await readStack({ stack: 'dev', pulumi: path, log })).toEqual(connection);
    expect(await readFile(seen, 'utf8')).toBe(
      'stack output --json --show-secrets --non-interactive --stack dev\n',
    );
  });

  test('knows the bastion, and where the key for it lies', async () => {
    const proxyJump = {
      address: '203.0.113.9',
      port: 22,
      user: 'jump',
      hostKey: 'SHA256:aaaa',
      identityFile: '~/.ssh/id_ed25519',
      inCluster: false,
    };
    const behind = { ...connection, machines: connection.machines.map((each) => ({ ...each, proxyJump })) };
    const path = await pulumi(`cat <<'END'\n${JSON.stringify({ connection: behind })}\nEND`);
    expect((await readStack({ pulumi: path, log })).machines[0]?.proxyJump).toEqual(proxyJump);
  });

  test('a stack whose first up has not ended is found by what it has made so far', async () => {
    const secret = (value: unknown) => ({
      '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
      plaintext: JSON.stringify(value),
    });
    const { machines, privateKey } = connection;
    const inputs = {
      machines: machines.map((machine) => ({
        ...machine,
        cpus: 1,
        memory: 1024,
        metadata: {},
      })),
      privateKey: secret(privateKey),
      caPrivateKey: secret('PRIVATE TOO'),
    };
    const resources = [{ type: 'pulumi:pulumi:Stack' }, { type: 'flotilla:index:Agents', inputs }];
    const state = JSON.stringify({ version: 3, deployment: { resources } });
    const seen = join(folder, 'seen');
    const path = await pulumi(
      `echo "$@" >> ${seen}; [ "$2" = export ] || { echo '{}'; exit; }; cat <<'END'\n${state}\nEND`,
    );
    expect(await readStack({ stack: 'dev', pulumi: path, log })).toEqual(connection);
    expect(await readFile(seen, 'utf8')).toContain(
      'stack export --show-secrets --non-interactive --stack dev\n',
    );
  });

  describe('a stack with several clusters', () => {
    const agentsOf = (cluster: string) => ({
      urn: `urn:pulumi:dev::fleet::flotilla:components:Cluster$flotilla:index:Agents::${cluster}/agents`,
      type: 'flotilla:index:Agents',
      inputs: { ...connection, privateKey: cluster },
    });
    const ask = async (cluster: string | undefined, ...names: string[]) => {
      const state = JSON.stringify({ version: 3, deployment: { resources: names.map(agentsOf) } });
      const path = await pulumi(`[ "$2" = export ] || { echo '{}'; exit; }; cat <<'END'\n${state}\nEND`);
      return readStack({ stack: 'dev', cluster, pulumi: path, log });
    };

    test('the one that is named by its component', async () => {
      expect((await ask('green', 'blue', 'green')).privateKey).toBe('green');
    });

    test('the only one unasked', async () => {
      expect((await ask(undefined, 'blue')).privateKey).toBe('blue');
    });

    test('none by chance, nor one that is not there', async () => {
      await expect(ask(undefined, 'blue', 'green')).rejects.toThrow(
        'stack dev has the clusters blue, green; choose one with --cluster or FLOTILLA_CLUSTER',
      );
      await expect(ask('red', 'blue')).rejects.toThrow(
        'stack dev has no cluster red that is up; it has blue',
      );
    });
  });

  test('a stack without a cluster says how to get one', async () => {
    const path = await pulumi('echo "{}"');
    await expect(readStack({ pulumi: path, log })).rejects.toThrow(
      'the selected stack has no cluster that is up; `npm run up` brings one up; ' +
        'choose another with --stack or FLOTILLA_STACK',
    );
  });

  test("in somebody's own program that is plain Pulumi's, where clusters are named too", async () => {
    const path = await pulumi('echo "{}"');
    await expect(readStack({ pulumi: path, cluster: 'blue', installed: true, log })).rejects.toThrow(
      /no cluster that is up; `pulumi up` brings one up; /,
    );
  });

  test('a failing Pulumi passes on its own complaint, and nothing of what it printed', async () => {
    const path = await pulumi('echo "PRIVATE"; echo "error: no stack named \'dev\' found" >&2; exit 255');
    const error: unknown = await readStack({ stack: 'dev', pulumi: path, log }).catch(
      (cause: unknown) => cause,
    );
    expect(String(error)).toContain(
      "Pulumi can't read stack dev: no stack named 'dev' found; `npm run up -- --stack dev`",
    );
    expect(inspect(error)).not.toContain('PRIVATE');
  });

  test.each([
    ['error: incorrect passphrase', 'incorrect passphrase; `npx pulumi stack output` says the same and more'],
    ['This clone is not set up yet. Next step: npm run up', 'is not set up yet. Next step: npm run up$'],
  ])('a Pulumi that says %s is no missing stack', async (said, message) => {
    const path = await pulumi(`echo "${said}" >&2; exit 1`);
    await expect(readStack({ pulumi: path, log })).rejects.toThrow(new RegExp(message));
  });

  test('outputs of the wrong shape are not shown either', async () => {
    const wrong = { connection: { ...connection, machines: 'PRIVATE' } };
    const path = await pulumi(`echo '${JSON.stringify(wrong)}'`);
    const error: unknown = await readStack({ pulumi: path, log }).catch((cause: unknown) => cause);
    expect(inspect(error)).not.toContain('PRIVATE');
  });

  test('a Pulumi that is not there is an error too', async () => {
    await expect(readStack({ pulumi: join(folder, 'none'), log })).rejects.toThrow(
      'it could not be run (ENOENT)',
    );
  });

  test('Ctrl-C ends the wait', async () => {
    const path = await pulumi('sleep 20');
    await expect(readStack({ pulumi: path, log, signal: AbortSignal.timeout(50) })).rejects.toThrow();
  });
});
