import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readCluster } from '../store/cluster-state.ts';
import { Forbidden } from '../store/store.ts';
import { writeAttached } from '../unit/attached-templates.ts';
import { SimulatedCluster, type SimulatedMachine } from './simulated-cluster.ts';

interface Spec {
  readonly dest?: string;
  readonly keys?: string;
  readonly text?: string;
  readonly more?: string;
  readonly file?: string;
}

/** A unit with a template of its own. */
function templated(
  name: string,
  { dest = '/etc/web.conf', keys = '/web', text, more = '', file = '' }: Spec = {},
) {
  const resource = `[template]\nsrc = "t.tmpl"\ndest = "${dest}"\nkeys = ["${keys}"]\nreload_cmd = "reload web"\n${more}`;
  const attached = writeAttached([{ name: 'web.toml', resource, text: text ?? '{{getv "/web/x"}}' }]);
  const contents = `[Service]\nExecStart=/bin/sleep inf\n${file}[X-Flotilla]\nTemplate=web.toml\n${attached}`;
  return { name, contents, targetState: 'launched' as const };
}

let cluster: SimulatedCluster;
const seconds = (count: number) => cluster.clock.advance(count * 1000);
beforeEach(async () => {
  cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
  for (const { host } of cluster.machines) host.folders.add('/etc');
  await cluster.start();
});
afterEach(() => cluster.stop());

async function put(key: string, value: string): Promise<void> {
  await cluster.store.transact({ compare: [], success: [{ put: key, value }] });
}

async function drop(key: string): Promise<void> {
  await cluster.store.transact({ compare: [], success: [{ delete: key }] });
}

async function push(...units: ReturnType<typeof templated>[]): Promise<void> {
  await cluster.apply({ put: units });
  await seconds(5);
}

async function hostOf(name: string): Promise<SimulatedMachine> {
  const { placements } = await readCluster(cluster.store);
  const id = placements.find(({ unit }) => unit === name)?.machineId;
  const found = cluster.machines.find(({ machine }) => machine.id === id);
  if (!found) throw new Error(`${name} is placed nowhere`);
  return found;
}

async function statusOf(name: string) {
  const { units } = await cluster.units();
  return units.find((each) => each.name === name)?.states[0];
}

const contentsOn = ({ host }: SimulatedMachine, path = '/etc/web.conf') => host.files.get(path)?.contents;

describe('a unit with a template', () => {
  test('waits for its file, says so and why, and starts when it is written', async () => {
    await push(templated('web.service'));
    const machine = await hostOf('web.service');
    expect(await machine.running()).toEqual([]);
    expect(await statusOf('web.service')).toMatchObject({
      waiting: expect.stringMatching(
        /^waits until \/etc\/web\.conf is written: t\.tmpl:1:3: getv: there is no key \/web\/x/,
      ),
    });
    await put('/web/x', '1');
    await seconds(2);
    expect([contentsOn(machine), await machine.running()]).toEqual(['1', ['web.service']]);
    expect(await statusOf('web.service')).not.toHaveProperty('waiting');
    expect(machine.host.ran).toEqual([]);
  });

  test('is reloaded by a change of keys, and not restarted', async () => {
    await put('/web/x', '1');
    await push(templated('web.service'));
    const machine = await hostOf('web.service');
    cluster.takeCalls();
    await put('/web/x', '2');
    await seconds(2);
    expect([contentsOn(machine), machine.host.ran, cluster.takeCalls()]).toEqual(['2', ['reload web'], []]);
    const { revision } = cluster.etcd;
    await put('/other', '1');
    await seconds(60);
    expect([machine.host.ran.length, cluster.etcd.revision]).toEqual([1, revision + 1n]);
  });

  test('goes on with its last good file, and tells what is wrong until it is mended', async () => {
    await put('/web/x', '1');
    await push(templated('web.service'));
    const machine = await hostOf('web.service');
    await drop('/web/x');
    await seconds(2);
    expect([contentsOn(machine), await machine.running()]).toEqual(['1', ['web.service']]);
    expect(await statusOf('web.service')).toMatchObject({
      template: expect.stringContaining('there is no key /web/x'),
    });
    await put('/web/x', '2');
    await seconds(2);
    expect(contentsOn(machine)).toBe('2');
    expect(await statusOf('web.service')).not.toHaveProperty('template');
  });

  test('whose check fails tells it once, without the name of the draft, however often it is tried', async () => {
    await put('/web/x', '1');
    await push(templated('web.service', { more: 'check_cmd = "check {{.src}}"\n' }));
    const machine = await hostOf('web.service');
    machine.host.end = (command) => ({ status: 1, output: `bad line in ${command.slice(6)}` });
    await put('/web/x', '2');
    await seconds(5);
    expect(await statusOf('web.service')).toMatchObject({
      template: 'check_cmd `check /etc/web.conf` ended with 1: bad line in /etc/web.conf',
    });
    const { revision } = cluster.etcd;
    await seconds(600);
    expect(cluster.etcd.revision).toBe(revision);
    expect(contentsOn(machine)).toBe('1');
    expect(machine.log.filter((line) => line.includes('bad line'))).toHaveLength(1);
  });

  test('takes it to the machine that it moves to; the file on the first one stays and is let be', async () => {
    await put('/web/x', '1');
    await push(templated('web.service'));
    const first = await hostOf('web.service');
    await first.kill();
    await seconds(120);
    const second = await hostOf('web.service');
    expect(second).not.toBe(first);
    expect([contentsOn(second), await second.running()]).toEqual(['1', ['web.service']]);
    first.boot();
    await seconds(60);
    await put('/web/x', '2');
    await seconds(2);
    expect([contentsOn(first), contentsOn(second)]).toEqual(['1', '2']);
    expect(first.records.kept.size).toBe(0);
  });

  test('with a new text is a new version of it, which waits for its own file', async () => {
    await put('/web/x', '1');
    await push(templated('web.service'));
    await push(templated('web.service', { text: 'new {{getv "/web/y"}}' }));
    const machine = await hostOf('web.service');
    expect([contentsOn(machine), await machine.running()]).toEqual(['1', []]);
    await put('/web/y', '2');
    await seconds(2);
    expect([contentsOn(machine), await machine.running()]).toEqual(['new 2', ['web.service']]);
  });

  test('that is global has its file on every machine', async () => {
    await put('/web/x', '1');
    await push(templated('web.service', { file: '[X-Fleet]\nGlobal=true\n' }));
    await seconds(60);
    expect(cluster.machines.map((machine) => contentsOn(machine))).toEqual(['1', '1', '1']);
  });
});

describe('the agent', () => {
  test('that restarts has a failed reload due, and reloads nothing else', async () => {
    await put('/web/x', '1');
    await push(templated('web.service'));
    const machine = await hostOf('web.service');
    await machine.end();
    machine.boot();
    await seconds(10);
    expect(machine.host.ran).toEqual([]);
    machine.host.end = () => ({ status: 1, output: 'no' });
    await put('/web/x', '2');
    await seconds(0.5);
    expect(await statusOf('web.service')).toMatchObject({
      template: 'reload_cmd `reload web` ended with 1: no',
    });
    await machine.end();
    machine.host.end = () => ({ status: 0, output: '' });
    machine.host.ran.length = 0;
    machine.boot();
    await seconds(10);
    expect(machine.host.ran).toEqual(['reload web']);
    expect(await statusOf('web.service')).not.toHaveProperty('template');
  });

  test('runs one template for all instances, and tells of it at each', async () => {
    await put('/web/x', '1');
    const beside = '[X-Fleet]\nMachineOf=web@1.service\n';
    await push(templated('web@1.service'), templated('app@1.service', { file: beside }));
    const machine = await hostOf('web@1.service');
    await put('/web/x', '2');
    await seconds(2);
    expect(machine.host.ran).toEqual(['reload web']);
    await drop('/web/x');
    await seconds(2);
    expect(await statusOf('app@1.service')).toHaveProperty('template');
  });

  test('gives a file that two templates are for to the one that came last, and says whose it is', async () => {
    await put('/web/x', '1');
    await push(templated('a.service', { text: 'a' }));
    const machine = await hostOf('a.service');
    const beside = '[X-Fleet]\nMachineOf=a.service\n';
    await push(templated('b.service', { text: 'b', file: beside }));
    expect([contentsOn(machine), await machine.running()]).toEqual(['b', ['a.service', 'b.service']]);
    await push(templated('a.service', { text: 'a', file: 'Nice=1\n' }));
    expect(await machine.running()).toEqual(['b.service']);
    expect(await statusOf('a.service')).toMatchObject({
      waiting: 'waits until /etc/web.conf is its own: b.service has another template for it',
    });
    await cluster.apply({ put: [], destroy: ['b.service'] });
    await seconds(5);
    expect([contentsOn(machine), await machine.running()]).toEqual(['a', ['a.service']]);
  });

  test('says which keys etcd does not let it read, and reads a directory where it may read no more', async () => {
    for (const { store } of cluster.machines) forbid(store, (prefix) => !/^\/(flotilla|web)\//.test(prefix));
    await put('/web/x', '1');
    await push(templated('web.service'), templated('db.service', { keys: '/db' }));
    expect(contentsOn(await hostOf('web.service'))).toBe('1');
    expect(await statusOf('db.service')).toMatchObject({
      waiting:
        'waits until /etc/web.conf is written: etcd does not let this machine read /db; ' +
        'name /db/ in flotilla:templateKeys and run `npm run up`',
    });
  });
});

function forbid(store: SimulatedMachine['store'], isForbidden: (prefix: string) => boolean): void {
  const list = store.list.bind(store);
  store.list = async (prefix) => {
    if (isForbidden(prefix)) throw new Forbidden('etcdserver: permission denied');
    return list(prefix);
  };
}

describe('services', () => {
  const offering = (name: string) => ({
    name,
    contents: '[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nService=app\nPort=500%i\n',
    targetState: 'launched' as const,
  });
  const balancer = templated('lb.service', {
    keys: '/flotilla/services/app',
    text: '{{range gets "/flotilla/services/app/*"}}{{base .Key}}={{.Value}} {{end}}',
  });

  test('are seen as the API tells of them, and followed', async () => {
    await push(balancer, offering('app@1.service'));
    const machine = await hostOf('lb.service');
    const app = (await hostOf('app@1.service')).machine;
    expect(contentsOn(machine)).toBe(`${app.name}:app@1.service=${app.address}:5001 `);
    await put(
      `/flotilla/services/${app.id}/app/false.service`,
      '{"machine":"x","address":"6.6.6.6","port":1}',
    );
    await push(offering('app@2.service'));
    expect(contentsOn(machine)?.split(' ').filter(Boolean)).toHaveLength(2);
    expect(contentsOn(machine)).not.toContain('6.6.6.6');
    await cluster.apply({ put: [], destroy: ['app@1.service', 'app@2.service'] });
    await seconds(5);
    expect(contentsOn(machine)).toBe('');
  });

  test('are all of Flotilla’s own that templates see', async () => {
    await push(templated('web.service', { keys: '/flotilla/units' }));
    expect(await statusOf('web.service')).toMatchObject({
      waiting: expect.stringContaining('templates see no keys below /flotilla/units'),
    });
  });
});
