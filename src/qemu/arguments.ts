import type { Image } from './image.ts';
import { machinePaths } from './paths.ts';
import { ignitionFile, type Seed, wanMac } from './seed.ts';

export type Accelerator = 'kvm' | 'tcg';

/** A machine as QEMU is told of it. */
export interface MachineSpec {
  readonly name: string;
  /** Absolute: `machineFolder(stackFolder, name)`. Everything the machine has is in it. */
  readonly folder: string;
  readonly image: Image;
  readonly accelerator: Accelerator;
  readonly cpus: number;
  /** MiB */
  readonly memory: number;
  /** GiB; at least what the image's file system takes. */
  readonly disk: number;
  /** GiB of each further disk, with nothing on it at first. Default: none. */
  readonly emptyDisks?: readonly number[];
  /** MAC address on the cluster's network. */
  readonly lanMac: string;
  readonly seed: Seed;
  /** TCP ports of the guest to be reached from the host, besides those every machine has (`ports.ts`). */
  readonly ports: readonly number[];
  /** Reaches nothing but the machines of its own network; it is reached all the same. Default false. */
  readonly isolated?: boolean;
}

/**
 * The guest's memory in a file, as Kata Containers' templates have it. `shared`: what the guest writes goes into the
 * file. Otherwise the file is where the memory begins, and what the guest writes stays its own.
 */
export interface MemoryFile {
  readonly file: string;
  readonly shared: boolean;
}

/** Host port on 127.0.0.1 by guest port. */
export type Forwards = Readonly<Record<number, number>>;

/**
 * Under emulation `max` gives guests all that programs built for x86-64-v3 ask for. With la57 networkd fails
 * ("mount namespacing: Device or resource busy"), and svm would only offer a nested KVM too slow to use. With erms the
 * kernel clears and copies memory by `rep stosb`, which TCG emulates byte by byte: a fork takes a fifth longer. smap and
 * pku guard against faults that the guest's own programs would have to have, and each system call pays for them. Where
 * tb-size MiB of translated code are full, QEMU throws all of it away
 * (docs/decisions/0055-what-emulated-processors-leave-out.md).
 */
const processor: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
  tcg: ['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max,la57=off,svm=off,erms=off,smap=off,pku=off'],
};

/** The guest is the user's own, so speculative-execution defences only cost time. After a panic it reboots. */
const kernelCommandLine = 'root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet mitigations=off panic=10';

/**
 * QEMU's command line, program name excluded. Devices get their PCI slots in this order: the root disk is vda.
 * vmgenid is new at each start; the kernel then takes new random numbers (QEMU's docs/specs/vmgenid).
 */
export function qemuArguments(spec: MachineSpec, forwards: Forwards, memory?: MemoryFile): string[] {
  const paths = machinePaths(spec.folder);
  return [
    ...['-name', quote(spec.name), '-nodefaults', '-no-user-config'],
    ...['-machine', `q35,sata=off,smbus=off${memory ? ',memory-backend=ram' : ''}`],
    ...[...processor[spec.accelerator], '-smp', String(spec.cpus), '-m', String(spec.memory)],
    ...(memory ? memoryBackend(spec.memory, memory) : []),
    ...['-display', 'none', '-monitor', 'none'],
    ...['-chardev', `file,id=console,path=${quote(paths.console)}`, '-serial', 'chardev:console'],
    ...['-qmp', `unix:${quote(paths.qmp)},server=on,wait=off`, '-pidfile', paths.pid],
    ...boot(spec.image),
    ...disk(paths.disk),
    ...seedDevice(spec.seed, paths.seed),
    ...lan(paths.lan, spec.lanMac),
    ...wan(forwards, spec.isolated ?? false),
    ...['-object', 'rng-random,filename=/dev/urandom,id=rng', '-device', 'virtio-rng-pci,rng=rng'],
    ...['-device', 'vmgenid,guid=auto'],
    // The last of all, so that no other device's slot depends on them.
    ...(spec.emptyDisks ?? []).flatMap((_, at) => emptyDisk(paths.emptyDisk(at), `empty${at}`)),
  ];
}

function memoryBackend(mebibytes: number, { file, shared }: MemoryFile): string[] {
  const share = shared ? 'on' : 'off';
  return ['-object', `memory-backend-file,id=ram,size=${mebibytes}M,mem-path=${quote(file)},share=${share}`];
}

function boot(image: Image): string[] {
  if (!image.boot) return [];
  return ['-kernel', image.boot.kernel, '-initrd', image.boot.initrd, '-append', kernelCommandLine];
}

/** `cache=unsafe`: a power cut of the host may cost the disk of a machine that can be made again. -kernel has boot index 0. */
function disk(file: string): string[] {
  return [...drive(file, 'root'), '-device', 'virtio-blk-pci,drive=root,bootindex=1'];
}

function emptyDisk(file: string, id: string): string[] {
  return [...drive(file, id), '-device', `virtio-blk-pci,drive=${id}`];
}

function drive(file: string, id: string): string[] {
  return ['-drive', `file=${quote(file)},format=qcow2,if=none,id=${id},cache=unsafe,discard=unmap`];
}

/** Ignition asks QEMU's firmware for its config (Flatcar's platform "qemu"), cloud-init looks for a volume of that label. */
function seedDevice(seed: Seed, folder: string): string[] {
  if ('ignition' in seed)
    return ['-fw_cfg', `name=opt/org.flatcar-linux/config,file=${quote(`${folder}/${ignitionFile}`)}`];
  return [
    ...['-blockdev', `driver=vvfat,dir=${quote(folder)},label=CIDATA,read-only=on,node-name=seed`],
    ...['-device', 'virtio-blk-pci,drive=seed'],
  ];
}

/** The machine is the server and the switch connects, so that a restarted switch finds its machines again. */
function lan(socket: string, mac: string): string[] {
  return [
    ...['-netdev', `stream,id=lan,server=on,addr.type=unix,addr.path=${quote(socket)}`],
    ...['-device', `virtio-net-pci,netdev=lan,mac=${mac},romfile=`],
  ];
}

/** No IPv6: slirp would offer guests a route that leads nowhere on most hosts. */
function wan(forwards: Forwards, isolated: boolean): string[] {
  const rules = Object.entries(forwards).map(
    ([guest, host]) => `,hostfwd=${forwardRule(Number(guest), host)}`,
  );
  return [
    ...['-netdev', `user,id=wan,ipv6=off${isolated ? ',restrict=on' : ''}${rules.join('')}`],
    ...['-device', `virtio-net-pci,netdev=wan,mac=${wanMac},romfile=`],
  ];
}

/** One rule of `hostfwd=` and of the monitor's `hostfwd_add`. */
export function forwardRule(guest: number, host: number): string {
  return `tcp:127.0.0.1:${host}-:${guest}`;
}

/** In QEMU's option lists a comma within a value is written twice. */
function quote(value: string): string {
  return value.replaceAll(',', ',,');
}
