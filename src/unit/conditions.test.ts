import { expect, test } from '@jest/globals';
import { readCondition } from './conditions.ts';

test.each([
  ['disk!=hdd', { key: 'disk', operator: '!=', values: ['hdd'] }],
  ['cpus  >=\t4', { key: 'cpus', operator: '>=', values: ['4'] }],
  ['region not  in ( eu, us )', { key: 'region', operator: 'not in', values: ['eu', 'us'] }],
])('%s', (text, value) => {
  expect(readCondition(text)).toEqual({ value });
});

test('blanks by the hundred thousand are refused as quickly as one', () => {
  expect(readCondition(`a not${' '.repeat(300_000)}x`)).toMatchObject({ rule: 'condition' });
});
