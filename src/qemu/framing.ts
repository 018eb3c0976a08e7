/** QEMU's largest packet (NET_BUFSIZE in include/net/net.h). */
const longestFrame = 4096 + 65536;
const lengthSize = 4;

/** A frame with its length before it, as it came and as it goes on. */
export interface FramedPacket {
  /** Length field and frame, ready to be sent. */
  readonly packet: Buffer;
  /** The frame alone: a view of the same bytes. */
  readonly frame: Buffer;
}

/** Cuts the byte stream of QEMU's `-netdev stream` into frames: 4 bytes of length, big-endian, then the frame. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /**
   * The frames that `chunk` completes, as views of it: nothing is copied but a frame that spans two chunks.
   *
   * @throws Error on a length no frame has; the stream can't be followed from there on
   */
  push(chunk: Buffer): FramedPacket[] {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: FramedPacket[] = [];
    let start = 0;
    while (data.length - start >= lengthSize) {
      const length = data.readUInt32BE(start);
      if (length > longestFrame) throw new Error(`a frame of ${length} bytes: this is not QEMU's framing`);
      const end = start + lengthSize + length;
      if (end > data.length) break;
      frames.push({ packet: data.subarray(start, end), frame: data.subarray(start + lengthSize, end) });
      start = end;
    }
    this.#rest = data.subarray(start);
    return frames;
  }
}
