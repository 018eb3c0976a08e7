import { expect, test } from '@jest/globals';
import { untilUnchanged } from './until-unchanged.ts';

test('tries until nobody was faster, and says which try is the first', async () => {
  const asked: boolean[] = [];
  const attempt = async (first: boolean) => (asked.push(first) < 3 ? undefined : { revision: '7' });
  expect(await untilUnchanged(attempt, 'busy')).toEqual({ revision: '7' });
  expect(asked).toEqual([true, false, false]);
});

test('gives up when others keep being faster', async () => {
  let tries = 0;
  const attempt = async () => void tries++;
  await expect(untilUnchanged(attempt, 'others keep changing it')).rejects.toMatchObject({
    status: 409,
    message: 'others keep changing it',
  });
  expect(tries).toBe(5);
});
