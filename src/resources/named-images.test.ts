import { expect, test } from '@jest/globals';
import { checkUnits } from '../unit/check.ts';
import { unofferedImages } from './named-images.ts';

const file = (name: string, images: string) => ({
  name,
  contents: `[Service]\nExecStart=/bin/true\n[X-Flotilla]\n${images}`,
});

test('images that nobody brings are told, each with the first unit that names it', () => {
  const checked = checkUnits(
    [file('a.service', 'Image=app:1 db:1\n'), file('web@.service', 'Image=app:1 web:%i\n')],
    { instances: { 'web@.service': 2 } },
  );
  const units = 'units' in checked ? checked.units : [];
  expect(unofferedImages(units, new Set(['db:1', 'web:1']))).toEqual([
    expect.stringMatching(/^a\.service names the image app:1, .*`flotilla image push`$/),
    expect.stringMatching(/^web@2\.service names the image web:2, /),
  ]);
  expect(unofferedImages(units, new Set(['app:1', 'db:1', 'web:1', 'web:2']))).toEqual([]);
});
