import { expect, test } from '@jest/globals';
import { splitWords } from './words.ts';

test.each([
  ['', []],
  ['/bin/a  -b\tc', ['/bin/a', '-b', 'c']],
  ['/bin/sh -c "a \'b\' c" \'d "e"\'', ['/bin/sh', '-c', "a 'b' c", 'd "e"']],
  ['a"b c"d ""', ['ab cd', '']],
  ['a\\x20b \\s \\u00e9 \\\\', ['a b', ' ', 'é', '\\']],
  ['"a\\"b"', ['a"b']],
])('%j splits as systemd splits it', (line, words) => expect(splitWords(line)).toEqual(words));

test.each(['"open', "it's", 'a\\q', 'end\\'])('%j is malformed', (line) =>
  expect(splitWords(line)).toBeUndefined(),
);
