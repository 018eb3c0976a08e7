import { operatingSystems, systemTraits } from '../model/operating-system.ts';
import type { Problem } from '../model/problem.ts';
import { localSettings } from './local.ts';
import type { ClusterSpec } from './schema.ts';

/** What machines in QEMU can't run: nothing without an image that the user names, or one that QEMU can't read. */
export function localProblems({ platform, os, ...written }: ClusterSpec): Problem[] {
  if (platform !== 'local') return [];
  const { image } = localSettings(written);
  if (image)
    return packedProblems(image.url, written.local?.image ? 'flotilla:local.image' : 'flotilla:image');
  if (systemTraits[os].suite) return [];
  const built = operatingSystems.filter((each) => systemTraits[each].suite).join(' or ');
  const wanted = systemTraits[os].firstBoot === 'ignition' ? 'image for QEMU' : 'cloud image';
  return [
    {
      path: 'flotilla:os',
      problem: `no image of ${systemTraits[os].label} is built on this computer`,
      fix: `name its ${wanted} in flotilla:local.image, or set flotilla:os to ${built}`,
    },
  ];
}

/** By the end of the file's name: what unpacks it. */
const packers: Readonly<Record<string, string>> = {
  bz2: 'bunzip2',
  gz: 'gunzip',
  xz: 'unxz',
  zip: 'unzip',
  zst: 'unzstd',
};

/** QEMU would take its bytes for those of a disk, and no machine would boot. */
function packedProblems(url: string, setting: string): Problem[] {
  const { pathname } = new URL(url);
  const [suffix = '', kind = ''] = /\.([a-z0-9]+)$/i.exec(pathname) ?? [];
  const unpack = packers[kind.toLowerCase()];
  if (unpack === undefined) return [];
  const name = pathname.slice(pathname.lastIndexOf('/') + 1, -suffix.length);
  return [
    {
      path: `${setting}.url`,
      problem: `${url} is packed, and QEMU reads disk images only as they are`,
      fix: `name ${name}, where its publisher has it too, or unpack it (\`${unpack}\`) and serve it by HTTP; sha512 is that of the unpacked image then`,
    },
  ];
}
