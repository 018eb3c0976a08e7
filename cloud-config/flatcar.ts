import {
  adminUser,
  type BootKeys,
  type BootPlan,
  type BuildOptions,
  dockerFiles,
  type Programs,
  unitsOf,
} from './build.ts';
import type { ConfigFile, MachineConfig } from './machine-config.ts';

/**
 * Flatcar has no packages, and its /usr is read-only and changes as a whole with each update: what it lacks has to be
 * sent to where nothing else writes.
 */
export const flatcarPrograms: Programs = { etcd: '/opt/flotilla/etcd', node: '/opt/flotilla/node' };

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
 * What a Flatcar machine would be given, for `renderIgnition`. Not offered yet: no machine has booted with it, and
 * nothing sends the programs (docs/decisions/0041-ignition-before-flatcar.md).
 *
 * Docker comes with the image as an extension of /usr, of which Ignition in the initramfs sees no units, so it is not
 * enabled here: docker.socket is, and the first container starts it. The image's own are the user `etcd`, and `core` in the
 * groups docker and systemd-journal, which are outside of /etc/group: Ignition fails where it is told of those
 * (https://github.com/flatcar/Flatcar/issues/799).
 */
export function buildFlatcarConfig(
  plan: Pick<BootPlan, 'name' | 'etcd'>,
  { authorizedKey, sshHostKey }: BootKeys,
  options: Omit<BuildOptions, 'prebuilt'>,
): MachineConfig {
  return {
    hostname: plan.name,
    groups: ['flotilla'],
    users: [{ name: adminUser, groups: ['flotilla'], authorizedKeys: [authorizedKey] }],
    sshHostKey,
    files: [...dockerFiles, noReboots],
    units: unitsOf(plan, [], flatcarPrograms, options),
    packages: [],
  };
}
