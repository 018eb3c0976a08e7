import type { MachineSpec } from './arguments.ts';

/** An emulated machine for tests. */
export const sampleSpec: MachineSpec = {
  name: 'core-1',
  folder: '/home/me/.flotilla/local/machines/core-1',
  image: {
    key: 'trixie-1',
    folder: '/cache/trixie-1',
    disk: { file: '/cache/trixie-1/disk.raw', format: 'raw' },
    boot: { kernel: '/cache/trixie-1/vmlinuz', initrd: '/cache/trixie-1/initrd' },
  },
  accelerator: 'tcg',
  cpus: 1,
  memory: 768,
  disk: 10,
  lanMac: '52:54:00:77:00:01',
  seed: { userData: '', metaData: '', networkConfig: '' },
  ports: [80],
};
