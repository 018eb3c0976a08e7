import { type OperatingSystem, systemTraits } from '../model/operating-system.ts';

/** Where Flotilla puts etcd's programs on a member whose own are too old. Nobody else writes there. */
export const programFolder = '/usr/local/lib/flotilla';

/** The server that a member of that system runs. */
export function serverOf(os: OperatingSystem): string {
  return systemTraits[os].etcd === 'own' ? '/usr/bin/etcd' : `${programFolder}/etcd`;
}

/** Of processors, as Debian calls them. */
type Architecture = 'amd64' | 'arm64';

/** A program, and the package of Debian's that it is taken from. Digests are SHA-256 in lower-case hex. */
export interface EtcdProgram {
  readonly name: 'etcd' | 'etcdctl';
  readonly sha256: string;
  readonly package: {
    /** Below the root of Debian's archive. */
    readonly path: string;
    readonly sha256: string;
  };
}

/** Debian 13's etcd. It asks for libc6 2.34 or newer, which Debian 12 (2.36) and Ubuntu 24.04 (2.39) have. */
export const etcdVersion = '3.5.16-4';

/**
 * etcdctl goes with its server: that of 3.4 lists members without asking a quorum, by which Flotilla knows that there is
 * one (facts.ts).
 */
export const etcdPrograms: Readonly<Record<Architecture, readonly EtcdProgram[]>> = {
  amd64: [
    {
      name: 'etcd',
      sha256: 'c054131938a55a4a9826c1d566348d5695fe0e4d9ce655dfe936ab18a84e2983',
      package: packageOf(
        'etcd-server',
        'amd64',
        '0875921bb0d023f2af9b8e15cdfbe417a03e65731345fb832c40f9c2dd72967b',
      ),
    },
    {
      name: 'etcdctl',
      sha256: 'd40ab46650d11e94cec58d1f4c5dfbaed621e7893e9b086529b56e2d3c032d69',
      package: packageOf(
        'etcd-client',
        'amd64',
        '7eb67e305ba2ce523a5a0b29bf88750ded3f724769c7111a83382b7909f9977b',
      ),
    },
  ],
  arm64: [
    {
      name: 'etcd',
      sha256: 'd0b20b6345a733eca4a5f303be4742016c87572caec7932ca372b1d0315d92ab',
      package: packageOf(
        'etcd-server',
        'arm64',
        '5e21469a4f59f1cb2ed7af9c6eb9dda7d9734809c011cfa8a39b34f82a161a32',
      ),
    },
    {
      name: 'etcdctl',
      sha256: '0349687791b221737ad36fce6e269e79a50a2f7533527c1b9aaaccb8e28f5dd9',
      package: packageOf(
        'etcd-client',
        'arm64',
        '56c3527045c4ddd0aca5a572897b9a72e43a015cb09a01c79acc08eda17904ca',
      ),
    },
  ],
};

function packageOf(name: string, architecture: Architecture, sha256: string): EtcdProgram['package'] {
  return { path: `pool/main/e/etcd/${name}_${etcdVersion}_${architecture}.deb`, sha256 };
}

/** Those for a processor; undefined where there are none. */
export function programsFor(architecture: string): readonly EtcdProgram[] | undefined {
  return Object.entries(etcdPrograms).find(([name]) => name === architecture)?.[1];
}
