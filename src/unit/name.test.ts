import { describe, expect, test } from '@jest/globals';
import {
  checkName,
  hasUnitType,
  instanceOf,
  isTemplate,
  parseUnitName,
  templateOf,
  withServiceType,
} from './name.ts';

describe('parseUnitName', () => {
  test('splits an instance at its first @ and last dot', () => {
    expect(parseUnitName('db@eu@1.2.service')).toEqual({
      ...{ full: 'db@eu@1.2.service', stem: 'db@eu@1.2', prefix: 'db', suffix: '.service' },
      ...{ template: 'db@.service', instance: 'eu@1.2' },
    });
  });

  test('a plain unit has neither template nor instance', () => {
    expect(parseUnitName('a.b.timer')).toEqual({
      full: 'a.b.timer',
      stem: 'a.b',
      prefix: 'a.b',
      suffix: '.timer',
      instance: '',
    });
  });

  test('without a dot there is nothing to split', () => expect(parseUnitName('hello')).toBeUndefined());
});

test('templates and their instances', () => {
  expect([isTemplate('a@.service'), isTemplate('a@1.service'), isTemplate('a.service')]).toEqual([
    true,
    false,
    false,
  ]);
  expect([templateOf('a@.service'), templateOf('a@1.service'), templateOf('a.service')]).toEqual([
    undefined,
    'a@.service',
    undefined,
  ]);
  expect(instanceOf('a@.service', '7')).toBe('a@7.service');
});

test('types', () => {
  expect([hasUnitType('a.slice'), hasUnitType('a.exe'), hasUnitType('a')]).toEqual([true, false, false]);
  expect(withServiceType('a')).toBe('a.service');
});

describe('checkName', () => {
  test.each([
    'ssh.service',
    'etcd.service',
    'docker.socket',
    'systemd-networkd.service',
    'multi-user.target',
    'local-fs.target',
    'user@1000.service',
    'dbus-broker.service',
    'getty@tty1.service',
    '-.mount',
    'proc.mount',
    'boot-efi.mount',
    'udev.service',
    'umount.target',
    'ifup@ens3.service',
  ])('refuses %s, on which the machine itself runs', (name) =>
    expect(checkName(name)).toMatchObject([{ rule: 'name-reserved' }]),
  );

  test.each([
    'a.service',
    'a-b_c:d.mount',
    'a@.timer',
    'a@1.2.service',
    '-.slice',
    'dev-sda.device',
    'var-lib\\x2da.mount',
  ])('accepts %s', (name) => expect(checkName(name)).toEqual([]));

  test.each([
    ['', 'name-type'],
    ['hello', 'name-type'],
    ['hello.', 'name-type'],
    ['hello.servcie', 'name-type'],
    ['hello.scope', 'name-type'],
    ['a@.mount', 'name-template'],
    ['@1.service', 'name-form'],
    ['a b.service', 'name-form'],
    ['a\n.service', 'name-form'],
    ['é.service', 'name-form'],
    ['../a.service', 'name-form'],
    ['units/a.service', 'name-form'],
    ['.service', 'name-hidden'],
    [`${'a'.repeat(248)}.service`, 'name-length'],
  ])('refuses %j for %s', (name, rule) => {
    expect(checkName(name)).toContainEqual(expect.objectContaining({ rule }));
  });

  test('255 bytes are the most', () => expect(checkName(`${'a'.repeat(247)}.service`)).toEqual([]));
});
