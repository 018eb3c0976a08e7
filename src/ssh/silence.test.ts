import { expect, test } from '@jest/globals';
import type { PlatformName } from '../model/platform-name.ts';
import type { ProxyJump } from '../model/proxy-jump.ts';
import { SilentMachine } from './errors.ts';
import { silenceOf } from './silence.ts';

const jump: ProxyJump = { address: 'bastion.test', port: 22, user: 'jump', hostKey: '', inCluster: false };
const target = { name: 'core-1', host: 'db.test', port: 22, user: 'core', privateKey: '', hostKey: '' };
const refused = 'core-1 (db.test:22) does not answer: connect ECONNREFUSED';

const said = (platform?: PlatformName, proxyJump?: ProxyJump, last = refused) =>
  new SilentMachine(silenceOf({ ...target, platform, proxyJump }, 30, last)).message;

test.each<[PlatformName, RegExp, RegExp]>([
  [
    'local',
    /machines\/core-1\/console\.log.*`npm run up -- --refresh` starts it/,
    /EC2|control panel|sshFrom/,
  ],
  ['aws', /EC2 console.*flotilla:aws\.sshFrom holds your address/, /console\.log|control panel/],
  ['digitalocean', /control panel.*flotilla:digitalocean\.sshFrom holds your address/, /console\.log|EC2/],
  ['hosts', /see that it runs and that its SSH is reached from here$/, /console|npm run up/],
])('the next step is that of %s, and of no other', (platform, step, others) => {
  expect(said(platform)).toContain(
    `core-1 did not answer SSH within 30 s; the last attempt said: ${refused}. Next step: `,
  );
  expect(said(platform)).toMatch(step);
  expect(said(platform)).not.toMatch(others);
});

test('behind a bastion it is the bastion that has to reach it', () => {
  expect(said('hosts', jump)).toContain('reached from the bastion');
  expect(said('aws', jump)).toContain("sshFrom holds the bastion's address");
});

test('who knows the next step better gets none', () => {
  expect(said()).toBe(`core-1 did not answer SSH within 30 s; the last attempt said: ${refused}`);
});

test.each([
  ['this computer', undefined, 'core-1 (db.test:22) does not answer: getaddrinfo ENOTFOUND db.test'],
  ['the bastion bastion.test:22', jump, 'the bastion did not reach db.test:22: Name or service not known'],
])('a name that is not known on %s is said to be that', (where, proxyJump, last) => {
  expect(said('hosts', proxyJump, last)).toMatch(
    new RegExp(
      `^core-1 can't be reached: the name db\\.test is not known on ${where}\\. Next step: correct it`,
    ),
  );
});
