import type { Problem } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/** Why a platform's machines get no disk of etcd's own; undefined where they do. */
const notOffered: Readonly<Record<ClusterSpec['platform'], string | undefined>> = {
  aws: undefined,
  local: 'machines on your own computer keep all they have on one disk',
  digitalocean: 'a volume of DigitalOcean is attached after the boot and outlives its droplet',
  hosts: "a host's disks are its owner's",
};

/** A second disk is for members of etcd, where it comes and goes with its machine. */
export function etcdDiskProblems({ platform, machines }: ClusterSpec): Problem[] {
  return Object.entries(machines).flatMap(([group, { etcd, etcdDisk }]) => {
    if (etcdDisk === undefined) return [];
    const path = `flotilla:machines.${group}.etcdDisk`;
    const why = notOffered[platform];
    return [
      ...(etcd
        ? []
        : [
            {
              path,
              problem: `${etcdDisk} GiB are for etcd, and no machine of ${group} is a member of it`,
              fix: 'take it out, or set etcd: true',
            },
          ]),
      ...(why === undefined
        ? []
        : [
            {
              path,
              problem: `${etcdDisk} GiB for etcd alone are not offered on ${platform}: ${why}`,
              fix: "take it out: etcd's data is on the machine's disk then",
            },
          ]),
    ];
  });
}
