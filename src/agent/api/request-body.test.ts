import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { parseInput } from './request-body.ts';

test('of a thousand problems the first fifty are told, and how many more there are', () => {
  const numbers = Array.from({ length: 1000 }, (_, at) => at);
  const parse = () => parseInput(z.array(z.string()), numbers);
  expect(parse).toThrow(/^0: .*\n1: /);
  expect(parse).toThrow(/\n49: [^\n]*\nand 950 more$/);
});
