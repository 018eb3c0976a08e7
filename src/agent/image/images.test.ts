import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ImageRequest } from '../../model/api.ts';
import { sleep } from '../../store/clock.ts';
import { keeperKey, prefixes } from '../../store/keys.ts';
import { recordImage } from '../api/image-requests.ts';
import { SimulatedCluster } from '../simulated-cluster.ts';
import { chosenKeepers } from './chosen-keepers.ts';

let cluster: SimulatedCluster;

beforeEach(async () => {
  cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
  await cluster.start();
});
afterEach(() => cluster.stop());

const image = (number: number): ImageRequest => ({
  id: `sha256:${String(number).repeat(64)}`,
  manifest: { mediaType: 'manifest', digest: `sha256:${String(number + 1).repeat(64)}`, size: 100 },
});

const unit = (name: string, more: string, machine?: string) => ({
  name,
  contents: `[Service]\nExecStart=/bin/true\n[X-Flotilla]\n${more}${machine ? `[X-Fleet]\nMachineMetadata=name=${machine}\n` : ''}`,
  targetState: 'launched' as const,
});

/** As a push does it: Docker of these machines, the folder of the first, and the record. */
async function push(pushed: ImageRequest, ...machines: string[]): Promise<void> {
  for (const name of machines) cluster.get(name).images.docker.set('app:1', pushed.id);
  const { folder, pushed: unrecorded } = cluster.get(machines[0] ?? '').images;
  for (const set of [folder, unrecorded]) set.add(pushed.manifest.digest);
  await recordImage(cluster.store, { name: 'app:1', architecture: 'amd64', ...pushed });
}

async function waiting(name: string): Promise<string | undefined> {
  const { units } = await cluster.units();
  return units.find((each) => each.name === name)?.states.find((state) => state.waiting)?.waiting;
}

const all = 'Global=true';
const everywhere = (name: string, more: string) => ({
  name,
  contents: `[Service]\nExecStart=/bin/true\n[X-Flotilla]\n${more}[X-Fleet]\n${all}\n`,
  targetState: 'launched' as const,
});

const keeping = () => cluster.machines.filter(({ images }) => images.folder.size > 0).map(({ name }) => name);

describe('a unit that names an image', () => {
  test('waits on its machine until the image is there, and says for what', async () => {
    await cluster.apply({ put: [unit('web.service', 'Image=app:1\n')] });
    await cluster.clock.advance(5000);
    expect(Object.values(await cluster.running()).flat()).toEqual([]);
    expect(await waiting('web.service')).toBe('waits until app:1 is here: `flotilla image push` brings it');
    for (const { images } of cluster.machines) images.docker.set('app:1', 'sha256:by-hand');
    await cluster.clock.advance(5000);
    expect(Object.values(await cluster.running()).flat()).toEqual(['web.service']);
    expect(await waiting('web.service')).toBeUndefined();
  });

  test('needs all of them; names may hold specifiers', async () => {
    await cluster.apply({ put: [unit('web@2.service', 'Image=app:%i %p:1\n')] });
    for (const { images } of cluster.machines) images.docker.set('app:2', 'sha256:a');
    await cluster.clock.advance(5000);
    expect(await waiting('web@2.service')).toContain('waits until web:1 is here');
    for (const { images } of cluster.machines) images.docker.set('web:1', 'sha256:b');
    await cluster.clock.advance(5000);
    expect(Object.values(await cluster.running()).flat()).toEqual(['web@2.service']);
  });

  test('waits while Docker gives no answer, and units without images do not', async () => {
    for (const { images } of cluster.machines) images.refusal = 'Docker is not there';
    await cluster.apply({ put: [unit('web.service', 'Image=app:1\n'), unit('job.service', '')] });
    await cluster.clock.advance(5000);
    expect(Object.values(await cluster.running()).flat()).toEqual(['job.service']);
    expect(await waiting('web.service')).toContain('says whether it has app:1: Docker is not there');
  });

  test('is looked for less often while Docker takes long to answer', async () => {
    for (const { images } of cluster.machines) images.answer = () => sleep(cluster.clock, 1000);
    await cluster.apply({ put: [unit('web.service', 'Image=app:1\n')] });
    const asked = () => cluster.machines.reduce((sum, { images }) => sum + images.asked, 0);
    await cluster.clock.advance(30_000);
    const before = asked();
    await cluster.clock.advance(60_000);
    expect(asked() - before).toBeGreaterThanOrEqual(4);
    expect(asked() - before).toBeLessThanOrEqual(7);
    for (const { images } of cluster.machines) images.docker.set('app:1', 'sha256:by-hand');
    await cluster.clock.advance(15_000);
    expect(Object.values(await cluster.running()).flat()).toEqual(['web.service']);
  });

  test('is looked for less often the longer it does not come, and starts soon after a push all the same', async () => {
    await cluster.apply({ put: [everywhere('web.service', 'Image=app:1\n')] });
    const asked = () => cluster.get('core-2').images.asked;
    const inAMinute = async () => {
      const before = asked();
      await cluster.clock.advance(60_000);
      return asked() - before;
    };
    expect(await inAMinute()).toBeGreaterThan(15);
    await cluster.clock.advance(180_000);
    expect(await inAMinute()).toBeLessThan(6);
    await push(image(1), 'core-1', 'core-2', 'core-3');
    await cluster.clock.advance(1000);
    expect((await cluster.running())['core-2']).toEqual(['web.service']);
  });

  test('runs on when its image goes, or is another one', async () => {
    await push(image(1), 'core-1', 'core-2', 'core-3');
    await cluster.apply({ put: [unit('web.service', 'Image=app:1\n')] });
    await cluster.clock.advance(5000);
    cluster.takeCalls();
    await push(image(3), 'core-1', 'core-2', 'core-3');
    for (const { images } of cluster.machines) images.docker.delete('app:1');
    await cluster.clock.advance(60_000);
    expect(cluster.takeCalls()).toEqual([]);
  });
});

describe('a pushed image', () => {
  test('is kept by two machines, and one that lacks it gets it from them', async () => {
    await push(image(1), 'core-1');
    await cluster.apply({ put: [everywhere('web.service', 'Image=app:1\n')] });
    await cluster.clock.advance(10_000);
    expect(keeping()).toHaveLength(2);
    expect(keeping()).toContain('core-1');
    for (const { images } of cluster.machines) expect(images.docker.get('app:1')).toBe(image(1).id);
    expect(Object.values(await cluster.running()).flat()).toHaveLength(3);
  });

  test('is there for a unit while its machine makes a copy of another one for others', async () => {
    let copied = (): void => undefined;
    const copying = new Promise<void>((resolve) => {
      copied = resolve;
    });
    for (const { images } of cluster.machines) images.slow = copying;
    await push(image(1), 'core-1');
    await cluster.clock.advance(10_000);
    expect(keeping()).toEqual(['core-1']);
    await cluster.apply({ put: [everywhere('web.service', 'Image=app:1\n')] });
    await cluster.clock.advance(10_000);
    expect(Object.values(await cluster.running()).flat()).toHaveLength(3);
    copied();
    await cluster.clock.advance(10_000);
    expect(keeping()).toHaveLength(2);
  });

  test('is copied for others once the units of the machine have theirs', async () => {
    let pulled = (): void => undefined;
    const pulling = new Promise<void>((resolve) => {
      pulled = resolve;
    });
    for (const { images } of cluster.machines) images.slowDocker = pulling;
    await cluster.apply({ put: [everywhere('web.service', 'Image=app:1\n')] });
    await cluster.clock.advance(5000);
    await push(image(1), 'core-1');
    await cluster.clock.advance(30_000);
    expect(keeping()).toEqual(['core-1']);
    pulled();
    await cluster.clock.advance(10_000);
    expect(keeping()).toHaveLength(2);
    expect(Object.values(await cluster.running()).flat()).toHaveLength(3);
  });

  test('stays where it was pushed to when it is recorded at the moment that its machine looks what it keeps', async () => {
    let told = (): void => undefined;
    const telling = new Promise<void>((resolve) => {
      told = resolve;
    });
    for (const { images } of cluster.machines) images.slowToServe = telling;
    await recordImage(cluster.store, { name: 'other:1', architecture: 'amd64', ...image(5) });
    await cluster.clock.advance(1000);
    const { digest } = image(1).manifest;
    const present = cluster.machines.map(({ machine }) => ({
      ...machine,
      machineId: machine.id,
      images: [],
    }));
    const chosen = chosenKeepers(digest, present);
    const seed = cluster.machines.find(({ machine }) => !chosen.includes(machine.id))?.name ?? '';
    await push(image(1), seed);
    await cluster.clock.advance(1000);
    told();
    await cluster.clock.advance(10_000);
    expect(keeping()).toContain(seed);
    expect(keeping()).toHaveLength(2);
  });

  test('outlives the machine that it was pushed to: another one takes its place', async () => {
    await push(image(1), 'core-1');
    await cluster.clock.advance(10_000);
    await cluster.get('core-1').kill();
    await cluster.clock.advance(90_000);
    expect(keeping()).toEqual(expect.arrayContaining(['core-2', 'core-3']));
  });

  test('comes back from its own folder to the Docker of a machine that is alone', async () => {
    await push(image(1), 'core-1');
    await cluster.get('core-2').kill();
    await cluster.get('core-3').kill();
    cluster.get('core-1').images.docker.clear();
    await cluster.clock.advance(90_000);
    await cluster.apply({ put: [unit('web.service', 'Image=app:1\n')] });
    await cluster.clock.advance(10_000);
    expect((await cluster.running())['core-1']).toEqual(['web.service']);
  });

  test('is let go by the third when it comes back', async () => {
    await push(image(1), 'core-1');
    await cluster.clock.advance(10_000);
    await cluster.get('core-1').kill();
    await cluster.clock.advance(90_000);
    cluster.get('core-1').boot();
    await cluster.clock.advance(90_000);
    expect(keeping()).toHaveLength(2);
  });

  test('that a machine lets go, and can not remove, is told once', async () => {
    const third = cluster.get('core-3').images;
    for (const { images } of cluster.machines) images.folder.add(image(1).manifest.digest);
    for (const { images } of cluster.machines) images.stubborn = true;
    await push(image(1), 'core-1');
    await cluster.clock.advance(10_000);
    const { revision } = cluster.etcd;
    await cluster.clock.advance(60_000);
    expect(cluster.etcd.revision).toBe(revision);
    const { keys } = await cluster.store.list(prefixes.keeper);
    expect(keys.filter(({ value }) => value.includes(image(1).manifest.digest))).toHaveLength(2);
    expect(third.folder.size).toBe(1);
  });

  test('of a newer push takes the place of the one before, here and in Docker', async () => {
    await push(image(1), 'core-1', 'core-2', 'core-3');
    await cluster.clock.advance(10_000);
    const { images } = cluster.get('core-2');
    images.unnamed.add(image(1).id).add('sha256:of-somebody-else');
    await push(image(3), 'core-1');
    await cluster.clock.advance(20_000);
    expect([...cluster.get('core-1').images.folder]).toEqual([image(3).manifest.digest]);
    expect([...images.unnamed]).toEqual(['sha256:of-somebody-else']);
  });

  test('is what a unit waits for where Docker has an earlier one of that name', async () => {
    await push(image(1), 'core-1', 'core-2', 'core-3');
    await push(image(3), 'core-1');
    cluster.get('core-2').images.refusal = 'no space left on device';
    await cluster.apply({ put: [everywhere('web.service', 'Image=app:1\n')] });
    await cluster.clock.advance(10_000);
    expect(cluster.get('core-3').images.docker.get('app:1')).toBe(image(3).id);
    expect((await cluster.running())['core-2']).toEqual([]);
  });

  test('is served to machines of the cluster alone, and what is told of it ends with the lease', async () => {
    await push(image(1), 'core-1');
    await cluster.clock.advance(10_000);
    const { machine } = cluster.get('core-1');
    const { keys } = await cluster.store.list(keeperKey(machine.id));
    expect(JSON.parse(keys[0]?.value ?? '')).toEqual({
      address: machine.address,
      port: 5000,
      images: [image(1).manifest.digest],
    });
    await cluster.get('core-1').kill();
    await cluster.clock.advance(90_000);
    expect((await cluster.store.list(keeperKey(machine.id))).keys).toEqual([]);
  });
});
