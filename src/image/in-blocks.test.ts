import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blockSize, inBlocks } from './in-blocks.ts';

async function blocksOf(pieces: readonly Buffer[]): Promise<Buffer[]> {
  const blocks: Buffer[] = [];
  for await (const block of inBlocks(Readable.from(pieces, { objectMode: false }))) blocks.push(block);
  return blocks;
}

describe('inBlocks', () => {
  test('small pieces come together, in their order', async () => {
    const pieces = Array.from({ length: 50 }, (_, at) => Buffer.alloc(16 * 1024, at));
    const blocks = await blocksOf(pieces);
    expect(Buffer.concat(blocks).equals(Buffer.concat(pieces))).toBe(true);
    expect(blocks.map(({ length }) => length)).toEqual([blockSize, blockSize, blockSize, 2 * 16 * 1024]);
  });

  test('whatever comes leaves unchanged, however it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(400 * 1024), { maxLength: 6 }), async (sizes) => {
        const pieces = sizes.map((size, at) => Buffer.alloc(size, at + 1));
        const blocks = await blocksOf(pieces);
        expect(Buffer.concat(blocks).equals(Buffer.concat(pieces))).toBe(true);
        expect(blocks.filter(({ length }) => length === 0)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  test('a few bytes do not wait for a whole block', async () => {
    const source = new PassThrough();
    source.write('a few');
    const blocks = inBlocks(source);
    expect(String((await blocks.next()).value)).toBe('a few');
    source.end();
    expect((await blocks.next()).done).toBe(true);
  });

  test('what came before the source broke is handed over before the error', async () => {
    const source = new PassThrough();
    source.write('kept');
    const blocks = inBlocks(source);
    const first = blocks.next();
    setImmediate(() => source.destroy(new Error('the line is cut')));
    expect(String((await first).value)).toBe('kept');
    await expect(blocks.next()).rejects.toThrow('the line is cut');
  });

  test('the source waits for whoever takes its blocks', async () => {
    let read = 0;
    const source = new Readable({
      highWaterMark: 1024,
      read(size) {
        read += size;
        this.push(Buffer.alloc(size));
      },
    });
    const blocks = inBlocks(source);
    await blocks.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(read).toBeLessThan(3 * blockSize);
    await blocks.return(undefined);
    expect(source.destroyed).toBe(true);
  });
});
