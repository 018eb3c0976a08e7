import { expect, test } from '@jest/globals';
import { qemuArguments } from './arguments.ts';
import { sampleSpec as spec } from './sample-spec.ts';

const forwards = { 22: 40001, 1: 40002, 80: 40003 };

test('the command line of an emulated machine', () => {
  const folder = '/home/me/.flotilla/local/machines/core-1';
  expect(qemuArguments(spec, forwards).join(' ')).toBe(
    [
      '-name core-1 -nodefaults -no-user-config',
      '-machine q35,sata=off,smbus=off -accel tcg,thread=multi,tb-size=512 -cpu max,la57=off,svm=off,erms=off,smap=off,pku=off',
      '-smp 1 -m 768 -display none -monitor none',
      `-chardev file,id=console,path=${folder}/console.log -serial chardev:console`,
      `-qmp unix:${folder}/qmp,server=on,wait=off -pidfile ${folder}/pid`,
      '-kernel /cache/trixie-1/vmlinuz -initrd /cache/trixie-1/initrd',
      '-append root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet mitigations=off panic=10',
      `-drive file=${folder}/disk.qcow2,format=qcow2,if=none,id=root,cache=unsafe,discard=unmap`,
      '-device virtio-blk-pci,drive=root,bootindex=1',
      `-blockdev driver=vvfat,dir=${folder}/seed,label=CIDATA,read-only=on,node-name=seed`,
      '-device virtio-blk-pci,drive=seed',
      `-netdev stream,id=lan,server=on,addr.type=unix,addr.path=${folder}/lan`,
      '-device virtio-net-pci,netdev=lan,mac=52:54:00:77:00:01,romfile=',
      '-netdev user,id=wan,ipv6=off,hostfwd=tcp:127.0.0.1:40002-:1,hostfwd=tcp:127.0.0.1:40001-:22,hostfwd=tcp:127.0.0.1:40003-:80',
      '-device virtio-net-pci,netdev=wan,mac=52:56:00:00:00:01,romfile=',
      '-object rng-random,filename=/dev/urandom,id=rng -device virtio-rng-pci,rng=rng',
      '-device vmgenid,guid=auto',
    ].join(' '),
  );
});

test('under KVM the guest sees the host’s processor', () => {
  const line = qemuArguments({ ...spec, accelerator: 'kvm' }, forwards).join(' ');
  expect(line).toContain('-accel kvm -cpu host');
  expect(line).not.toContain('tcg');
});

test('an isolated machine has no way out, and ports of the host that lead into it', () => {
  const line = qemuArguments({ ...spec, isolated: true }, { 22: 40001 }).join(' ');
  expect(line).toContain('-netdev user,id=wan,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:40001-:22');
});

test('further disks come last, so that all else is where it is without them', () => {
  const folder = '/home/me/.flotilla/local/machines/core-1';
  const without = qemuArguments(spec, forwards);
  const line = qemuArguments({ ...spec, emptyDisks: [10, 20] }, forwards);
  expect(line.slice(0, without.length)).toEqual(without);
  expect(line.slice(without.length).join(' ')).toBe(
    [0, 1]
      .map(
        (at) =>
          `-drive file=${folder}/empty-${at}.qcow2,format=qcow2,if=none,id=empty${at},cache=unsafe,discard=unmap ` +
          `-device virtio-blk-pci,drive=empty${at}`,
      )
      .join(' '),
  );
});

test('an image without a kernel boots from its disk', () => {
  const { boot: _, ...image } = spec.image;
  expect(qemuArguments({ ...spec, image }, forwards)).not.toContain('-kernel');
});

test.each([
  [true, 'on'],
  [false, 'off'],
])('memory in a file, shared: %s', (shared, share) => {
  const line = qemuArguments(spec, forwards, { file: '/cache/a,b/ram', shared }).join(' ');
  expect(line).toContain('-machine q35,sata=off,smbus=off,memory-backend=ram ');
  expect(line).toContain(`memory-backend-file,id=ram,size=768M,mem-path=/cache/a,,b/ram,share=${share}`);
});

test('Ignition is handed its config by the firmware, and no volume', () => {
  const line = qemuArguments({ ...spec, folder: '/a,b', seed: { ignition: '{}' } }, forwards).join(' ');
  expect(line).toContain('-fw_cfg name=opt/org.flatcar-linux/config,file=/a,,b/seed/config.ign');
  expect(line).not.toContain('vvfat');
});

test('commas in paths are doubled where QEMU splits at commas', () => {
  const line = qemuArguments({ ...spec, folder: '/a,b' }, forwards);
  expect(line).toContain('driver=vvfat,dir=/a,,b/seed,label=CIDATA,read-only=on,node-name=seed');
  expect(line).toContain('/a,b/pid');
});
