import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Hands over what is written to it line by line, without the line ends; the last one may lack its own. */
export function lineSink(onLine: (line: string) => void): Writable {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
      done();
    },
    final(done) {
      if (rest !== '') onLine(rest);
      done();
    },
  });
}
