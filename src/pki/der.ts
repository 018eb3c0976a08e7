/** Tag, length and content (X.690 section 8.1), for what no library here has a class for. */
export function tagged(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, ...derLength(bytes.length)]), bytes]);
}

/** X.690 section 8.1.3: one byte up to 127, else the number of length bytes, then those. */
function derLength(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
