import { describe, expect, test } from '@jest/globals';
import { localSettings } from './local.ts';
import { settingsOfOthers } from './platform-settings.ts';

const image = { url: 'https://example.org/a.qcow2', sha512: 'a'.repeat(128) };

describe('settings of one platform', () => {
  test.each([
    ['local', { start: 'cold' }, 'flotilla:local'],
    ['start', 'cold', 'flotilla:start'],
    ['image', image, 'flotilla:image'],
  ])('%s is refused in a stack of another', (key, value, path) => {
    expect(settingsOfOthers('aws', { platform: 'aws', machines: {}, [key]: value })).toEqual([
      {
        path,
        problem: expect.stringMatching(/^["{].*is for the platform local, and this stack's is aws$/),
        fix: 'take it out, or set flotilla:platform to local',
      },
    ]);
  });

  test('are taken in a stack of that platform, and what was not said is no problem anywhere', () => {
    expect(settingsOfOthers('local', { local: {}, start: 'cold', image })).toEqual([]);
    expect(settingsOfOthers('aws', { local: undefined, start: undefined })).toEqual([]);
  });
});

describe("local's settings", () => {
  test('are the same in the earlier place and in their own', () => {
    expect(localSettings({ start: 'cold', image })).toEqual({ start: 'cold', image });
    expect(localSettings({ local: { start: 'cold', image } })).toEqual({ start: 'cold', image });
    expect(localSettings({ local: { image }, start: 'cold' })).toEqual({ start: 'cold', image });
  });

  test('have their defaults', () => {
    expect(localSettings({})).toEqual({ start: 'warm' });
    expect(localSettings({ local: {} })).toEqual({ start: 'warm' });
  });
});
