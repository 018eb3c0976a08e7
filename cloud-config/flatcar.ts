import { systemTraits } from '../src/model/operating-system.ts';
import { lastingKeyConfig } from '../src/ssh/first-contact.ts';
import {
  adminUser,
  type BootKeys,
  type BootPlan,
  type BuildOptions,
  diskFiles,
  dockerFiles,
  type Programs,
  unitsOf,
} from './build.ts';
import type { ConfigFile, MachineConfig } from './machine-config.ts';

const { programFolder } = systemTraits.flatcar;

/** Flatcar has no packages: what it lacks is sent to where nothing else writes. */
export const flatcarPrograms: Programs = { etcd: `${programFolder}/etcd`, node: `${programFolder}/node` };

/**
 * locksmithd reboots a machine minutes after an update arrived, whatever runs there; its lock in etcd needs the v2 API,
 * which etcd no longer has. An update still takes its place at the next boot. A drop-in, since the image may have
 * /etc/flatcar/update.conf already, and what somebody writes there goes before this (systemd.exec(5), EnvironmentFile=).
 */
const noReboots: ConfigFile = {
  path: '/etc/systemd/system/locksmithd.service.d/flotilla.conf',
  contents: '[Service]\nEnvironment=REBOOT_STRATEGY=off\n',
  mode: '0644',
};

/**
 * sshd-keygen makes host keys of each kind that is missing, at every boot and for every connection that wants it. First
 * contact deletes all but the lasting one; from then on none shall come back that sshd does not use.
 */
const noMoreKeys: ConfigFile = {
  path: '/etc/systemd/system/sshd-keygen.service.d/flotilla.conf',
  contents: `[Unit]\nConditionPathExists=!${lastingKeyConfig}\n`,
  mode: '0644',
};

/**
 * What a Flatcar machine is told at its first boot, for `renderIgnition`. No Flatcar has booted with it yet; docs/flatcar.md
 * says what has.
 *
 * Docker comes with the image as an extension of /usr, of which Ignition in the initramfs sees no units, so it is not
 * enabled here: docker.socket is, and the first container starts it. The image's own are the user `etcd`, and `core` in the
 * groups docker and systemd-journal, which are outside of /etc/group: Ignition fails where it is told of those
 * (https://github.com/flatcar/Flatcar/issues/799).
 */
export function buildFlatcarConfig(
  plan: Pick<BootPlan, 'name' | 'etcd' | 'etcdDisk'>,
  { authorizedKey, sshHostKey }: BootKeys,
  options: Omit<BuildOptions, 'prebuilt'>,
): MachineConfig {
  return {
    hostname: plan.name,
    groups: ['flotilla'],
    users: [{ name: adminUser, groups: ['flotilla'], authorizedKeys: [authorizedKey] }],
    sshHostKey,
    files: [...dockerFiles, noReboots, noMoreKeys, ...diskFiles(plan)],
    units: unitsOf(plan, [], flatcarPrograms, options),
    packages: [],
  };
}
