import { expect, test } from '@jest/globals';
import { mountsBelow } from './remove.ts';

const mountinfo = `24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw
43 27 0:39 / /cache/a.part/chroot/dev/pts rw - devpts none rw
44 27 0:27 / /cache/a.part/chroot/dev/shm rw - tmpfs tmpfs rw
45 27 0:40 / /cache/a.partner/proc ro - proc proc ro
46 27 0:41 / /with\\040blank/proc ro - proc proc ro
`;

test('mounts below a folder are found, innermost first', () => {
  expect(mountsBelow('/cache/a.part', mountinfo)).toEqual([
    '/cache/a.part/chroot/dev/shm',
    '/cache/a.part/chroot/dev/pts',
  ]);
});

test('a folder with a longer name is another folder', () => {
  expect(mountsBelow('/cache/a', mountinfo)).toEqual([]);
});

test('blanks in a mount point are told by their codes', () => {
  expect(mountsBelow('/with blank', mountinfo)).toEqual(['/with blank/proc']);
});
