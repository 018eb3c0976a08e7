import { describe, expect, test } from '@jest/globals';
import { type Candidate, type Found, planPush } from './plan.ts';
import { imageInMemory, sampleImage } from './sample-image.ts';

const image = imageInMemory(sampleImage(['lowest', 'middle!', 'highest!']));
const id = image.config.digest;
const digests = image.layers.map(({ digest }) => digest);
const older = { id: `sha256:${'0'.repeat(64)}`, names: ['app:1'], diffIds: image.diffIds.slice(0, 2) };
const whole = { id, names: ['app:1'], diffIds: image.diffIds };

function machine(name: string, found: Partial<Found> = {}): Candidate {
  return {
    name,
    found: { architecture: 'amd64', version: '26.1.5', images: [], cached: new Map(), ...found },
  };
}

/** As `core-1 pull core-2 2`: what the machine does, whom from, and how many layers it lacks. */
function told(candidates: readonly Candidate[]) {
  const { steps, seed, bytes } = planPush(image, 'app:1', candidates);
  const lines = steps.map(
    ({ machine, action, from, layers }) => `${machine} ${action} ${from ?? 'here'} ${layers.length}`,
  );
  return { lines, seed, bytes };
}

describe('the plan of a push', () => {
  test('one machine gets every layer from here, and the others get them from it', () => {
    const { lines, seed, bytes } = told([machine('core-1'), machine('core-2'), machine('core-3')]);
    expect(lines).toEqual(['core-1 pull here 3', 'core-2 pull core-1 3', 'core-3 pull core-1 3']);
    expect(seed).toBe('core-1');
    expect(bytes).toBe(image.config.size + 'lowestmiddle!highest!'.length);
  });

  test('only layers above those that a machine has', () => {
    const { lines, bytes } = told([
      machine('core-1', { images: [older] }),
      machine('core-2', { images: [older] }),
    ]);
    expect(lines).toEqual(['core-1 pull here 1', 'core-2 pull core-1 1']);
    expect(bytes).toBe(image.config.size + 'highest!'.length);
  });

  test('a layer over another one is not the same, whatever its digest', () => {
    const shuffled = { ...older, diffIds: [...image.diffIds].reverse() };
    expect(told([machine('core-1', { images: [shuffled] })]).lines).toEqual(['core-1 pull here 3']);
  });

  test('who has kept the most of it is the seed, also when it needs nothing', () => {
    const cached = new Map(digests.map((digest) => [digest, 6] as const));
    const { lines, seed, bytes } = told([machine('core-1'), machine('core-2', { images: [whole], cached })]);
    expect(lines).toEqual(['core-1 pull core-2 3', 'core-2 keep here 0']);
    expect(seed).toBe('core-2');
    expect(bytes).toBe(image.config.size + 1 + 2);
  });

  test('nothing to send where all is there', () => {
    const renamed = { ...whole, names: [] };
    const { lines, seed, bytes } = told([
      machine('core-1', { images: [whole] }),
      machine('core-2', { images: [renamed] }),
    ]);
    expect([lines, seed, bytes]).toEqual([['core-1 keep here 0', 'core-2 tag here 0'], undefined, 0]);
  });

  test('a machine that is away, or of another kind, is left out with the reason', () => {
    const { steps, seed } = planPush(image, 'app:1', [
      { name: 'core-1', found: 'core-1 did not answer SSH within 30 s' },
      machine('core-2', { architecture: 'arm64' }),
      machine('core-3'),
    ]);
    expect(steps.map(({ action, reason }) => [action, reason])).toEqual([
      ['skip', 'core-1 did not answer SSH within 30 s'],
      ['skip', 'its processor is arm64, and the image for amd64'],
      ['pull', 'it lacks app:1'],
    ]);
    expect(seed).toBe('core-3');
  });

  test('a machine whose Docker can’t unpack the layers is left out; one that has them is not', () => {
    const packed = 'application/vnd.oci.image.layer.v1.tar+zstd';
    const layers = image.layers.map((layer) => ({ ...layer, mediaType: packed }));
    const { steps, seed } = planPush({ ...image, layers }, 'app:1', [
      machine('core-1', { version: '20.10.24+dfsg1' }),
      machine('core-2', { version: '20.10.24+dfsg1', images: [whole] }),
      machine('core-3', { version: '23.0.0' }),
      machine('core-4', { version: 'dev' }),
    ]);
    expect(steps.map(({ action }) => action)).toEqual(['skip', 'keep', 'pull', 'pull']);
    expect(steps[0]?.reason).toBe(
      'its Docker is 20.10.24+dfsg1, and layers packed with zstd take 23.0 or later; pack them with gzip',
    );
    expect(seed).toBe('core-3');
  });

  test('another image of the same name is told', () => {
    const { steps } = planPush(image, 'app:1', [machine('core-1', { images: [older] })]);
    expect(steps[0]?.reason).toBe('its app:1 is another image, 000000000000');
  });
});
