import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader } from './framing.ts';

function packet(frame: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

test('frames come out whole and in order however the stream is cut', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(packet));
      const reader = new FrameReader();
      const got: Buffer[] = [];
      for (let start = 0, turn = 0; start < stream.length; turn++) {
        const end = start + (cuts[turn % cuts.length] ?? 1);
        for (const { packet: whole, frame } of reader.push(stream.subarray(start, end))) {
          expect(whole.subarray(4)).toEqual(frame);
          got.push(frame);
        }
        start = end;
      }
      expect(got.map((frame) => [...frame])).toEqual(sent.map((frame) => [...frame]));
    }),
  );
});

test('a length that no frame has ends the connection', () => {
  expect(() => new FrameReader().push(Buffer.from('SSH-2.0-x'))).toThrow('not QEMU');
});
