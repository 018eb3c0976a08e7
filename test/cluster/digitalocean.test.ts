import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, startApi } from '../cloud/digitalocean/api.ts';
import { quick } from '../cloud/digitalocean/sample.ts';
import { LocalMachines } from '../cloud/local-machines.ts';
import { testImageBuild } from './image-build.ts';
import { bootIds, givenUp, leftovers, onMachine, until } from './observe.ts';
import { type Run, succeeded } from './run.ts';
import { type Config, createStack, type Stack } from './stack.ts';

/**
 * Flotilla's own program, the real engine and the test cloud, whose droplets boot here with exactly the user data that
 * was sent. In the order a user would live through it: the tests build on each other.
 */
const port = 8080;

function config(workers: number): Config {
  return {
    platform: 'digitalocean',
    digitalocean: { region: 'fra1', sshFrom: ['127.0.0.0/8'] },
    machines: {
      core: { count: 1, etcd: true, metadata: { role: 'core' }, publish: { [port]: port } },
      worker: { count: workers },
    },
    units: ['units/hello'],
  };
}

/** What a cluster without workers has in the cloud. */
const things = [
  'droplet core-1',
  'firewall flotilla-test',
  'firewall flotilla-test-published-core',
  'key flotilla-test',
  'tag flotilla-test-group-core',
  'tag flotilla-test-member',
  'vpc flotilla-test',
];
/** What a worker adds to it. */
const workerThings = ['droplet worker-1', 'tag flotilla-test-group-worker'];
/** What the droplet is made with: there before it, and after it. */
const needs = things.filter((thing) => !/^droplet|published/.test(thing));

let stack: Stack;
let machines: LocalMachines;
let api: Api;
const variables: NodeJS.ProcessEnv = { TEST_CLOUD_PACE: '0.001' };
const log = (text: string) => process.stderr.write(`${text.trimEnd()}\n`);

const succeed = (args: readonly string[]): Promise<Run> => succeeded(stack.pulumi(args, { log }));

/** What came and went since the last time it was asked, without the random end of names. */
function changes(): string[] {
  const lines = api.trace.changes().map((line) => line.replace(/-[0-9a-f]{7}$/, ''));
  api.trace.clear();
  return lines;
}

function userDataOf(name: string): string {
  const found = [...api.inventory.droplets.values()].find((each) => each.name === name);
  if (!found) throw new Error(`there is no droplet ${name}`);
  return found.userData;
}

beforeAll(async () => {
  stack = createStack('test', config(1), variables);
  machines = new LocalMachines({ folder: join(stack.clone, 'cloud'), ports: [port], log });
  api = await startApi({ ...quick, machines });
  Object.assign(variables, { DIGITALOCEAN_TOKEN: api.token, DIGITALOCEAN_API_URL: api.url });
  stack.addPlugin('digitalocean', 'test/cloud/digitalocean/plugin');
  // The port leads to machines of its group.
  appendFileSync(join(stack.clone, 'units/hello/hello@.service'), '\n[X-Fleet]\nMachineMetadata=role=core\n');
  writeFileSync(
    join(stack.clone, 'units/hello/units.yaml'),
    'instances:\n  hello@.service: 1\ntargetState:\n  hello-prune.service: loaded\n',
  );
});

afterAll(async () => {
  await stack.pulumi(['destroy', '--yes', '--skip-preview'], { log });
  await machines.close();
  await api.close();
  stack.remove();
});

describe('up', () => {
  test('brings droplets up, with healthy etcd and running units', async () => {
    await succeeded(stack.up({ log }));
    expect(api.failures).toEqual([]);
    const { etcd, units } = await stack.outputs();
    expect(etcd).toEqual({ 'core-1': 'healthy' });
    expect(units['hello@1.service']).toEqual(['core-1']);
    expect(units['hello-image.service']).toEqual(['core-1', 'worker-1']);
  });

  test('asks for what a droplet needs before it asks for the droplet', () => {
    const made = changes();
    expect([...made].sort()).toEqual([...things, ...workerThings].map((thing) => `created ${thing}`).sort());
    for (const thing of needs)
      expect(made.indexOf(`created ${thing}`)).toBeLessThan(made.indexOf('created droplet core-1'));
  });

  test('hello answers at the droplet’s address', async () => {
    const [core] = (await stack.outputs()).connection.machines;
    await until(givenUp, async () => {
      const reply = await fetch(`http://${core?.host}:${port}`);
      return (await reply.text()).startsWith('Hello from instance 1 on core-1');
    });
  });

  test('the machine has the user data that was sent, and the address that the cloud chose', async () => {
    const sent = userDataOf('core-1');
    const userData = ['sudo', 'cat', '/var/lib/cloud/instance/user-data.txt'];
    expect(await onMachine(stack, 'core-1', userData)).toBe(sent.trim());
    const { machines } = await stack.outputs();
    expect(sent).not.toContain(machines['core-1']);
    expect(await onMachine(stack, 'core-1', ['hostname', '-I'])).toContain(machines['core-1']);
  });

  test('changes nothing when nothing changed', async () => {
    expect((await succeed(['up', '--yes'])).output).not.toMatch(/ to (create|update|replace|delete)/);
    expect(changes()).toEqual([]);
  });
});

describe('the metadata service', () => {
  /** A network namespace stands in for the cloud: what goes there leaves the machine, as it does on a droplet. */
  const script = `
set -eu
ip netns add metadata
trap 'ip netns pids metadata | xargs -r kill; ip netns del metadata' EXIT
ip link add metadata type veth peer name eth0 netns metadata
ip address add 169.254.169.1/24 dev metadata
ip link set metadata up
ip -n metadata address add 169.254.169.254/24 dev eth0
ip -n metadata link set eth0 up
mkdir -p /run/metadata
echo secret > /run/metadata/index.html
ip netns exec metadata busybox httpd -p 80 -h /run/metadata
url=http://169.254.169.254/
in_container() { docker run --rm hello busybox wget -q -T 5 -O - $url 2> /dev/null || echo silence; }
echo "machine: $(curl -s --max-time 10 $url || echo silence)"
echo "container: $(in_container)"
iptables -w -t raw -D PREROUTING -d 169.254.169.254 -j DROP
echo "container without the guard: $(in_container)"
iptables -w -t raw -I PREROUTING -d 169.254.169.254 -j DROP
`;

  test('answers the machine and none of its containers', async () => {
    expect((await onMachine(stack, 'core-1', ['sudo', 'sh', '-c', script])).split('\n')).toEqual([
      'machine: secret',
      'container: silence',
      'container without the guard: secret',
    ]);
  });
});

describe('image builds', () => testImageBuild(() => stack));

describe('a worker', () => {
  test('sees the core in the network that they share', async () => {
    const core = (await stack.outputs()).machines['core-1'] ?? '';
    expect(await onMachine(stack, 'worker-1', ['ping', '-c', '1', core])).toContain(' 0% packet loss');
  });

  test('goes, and the core stays as it is', async () => {
    const before = await bootIds(stack, ['core-1']);
    stack.configure(config(0));
    await succeed(['up', '--yes', '--skip-preview']);
    expect(changes()).toEqual(['deleted droplet worker-1', 'deleted tag flotilla-test-group-worker']);
    expect(await bootIds(stack, ['core-1'])).toEqual(before);
  });
});

test('destroy leaves nothing, in the cloud and on this computer', async () => {
  await succeed(['destroy', '--yes', '--skip-preview']);
  const gone = changes();
  expect([...gone].sort()).toEqual(things.map((thing) => `deleted ${thing}`));
  for (const thing of needs)
    expect(gone.indexOf('deleted droplet core-1')).toBeLessThan(gone.indexOf(`deleted ${thing}`));
  expect(api.inventory.names()).toEqual([]);
  expect(api.failures).toEqual([]);
  expect(readdirSync(join(stack.clone, 'cloud'))).toEqual([]);
  expect(leftovers(stack)).toEqual([]);
});
