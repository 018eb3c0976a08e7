import { expect, test } from '@jest/globals';
import { lastingEnvironment } from './lasting-environment.ts';

test('a program that stays is told where programs are, and no secret', () => {
  const given = { PATH: '/bin', HOME: '/root', PULUMI_CONFIG_PASSPHRASE: 'x', AWS_SECRET_ACCESS_KEY: 'y' };
  expect(lastingEnvironment(given)).toEqual({ PATH: '/bin', HOME: '/root' });
});
