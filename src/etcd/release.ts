import { type OperatingSystem, systemTraits } from '../model/operating-system.ts';
import type { Architecture, DebianPackage, Program, ProgramSet } from '../programs/program.ts';

/** The server that a member of that system runs. */
export function serverOf(os: OperatingSystem): string {
  const { etcd, programFolder } = systemTraits[os];
  return etcd === 'own' ? '/usr/bin/etcd' : `${programFolder}/etcd`;
}

/** Debian 13's etcd. It asks for libc6 2.34 or newer, which Debian 12 (2.36) and Ubuntu 24.04 (2.39) have. */
export const etcdVersion = '3.5.16-4';

/**
 * etcdctl goes with its server: that of 3.4 lists members without asking a quorum, by which Flotilla knows that there is
 * one (facts.ts).
 */
export const etcdPrograms: ProgramSet = {
  label: 'etcd',
  unit: 'etcd.service',
  instead: 'let other machines hold etcd',
  programs: {
    amd64: [
      server('c054131938a55a4a9826c1d566348d5695fe0e4d9ce655dfe936ab18a84e2983', {
        architecture: 'amd64',
        sha256: '0875921bb0d023f2af9b8e15cdfbe417a03e65731345fb832c40f9c2dd72967b',
      }),
      client('d40ab46650d11e94cec58d1f4c5dfbaed621e7893e9b086529b56e2d3c032d69', {
        architecture: 'amd64',
        sha256: '7eb67e305ba2ce523a5a0b29bf88750ded3f724769c7111a83382b7909f9977b',
      }),
    ],
    arm64: [
      server('d0b20b6345a733eca4a5f303be4742016c87572caec7932ca372b1d0315d92ab', {
        architecture: 'arm64',
        sha256: '5e21469a4f59f1cb2ed7af9c6eb9dda7d9734809c011cfa8a39b34f82a161a32',
      }),
      client('0349687791b221737ad36fce6e269e79a50a2f7533527c1b9aaaccb8e28f5dd9', {
        architecture: 'arm64',
        sha256: '56c3527045c4ddd0aca5a572897b9a72e43a015cb09a01c79acc08eda17904ca',
      }),
    ],
  },
};

/** The digest of a package, and the processor that it is for. */
type Release = Pick<DebianPackage, 'sha256'> & { readonly architecture: Architecture };

function server(sha256: string, from: Release): Program {
  return {
    name: 'etcd',
    version: etcdVersion,
    sha256,
    probe: '--version',
    package: packageOf('etcd-server', from),
  };
}

function client(sha256: string, from: Release): Program {
  return {
    name: 'etcdctl',
    version: etcdVersion,
    sha256,
    probe: 'version',
    package: packageOf('etcd-client', from),
  };
}

function packageOf(name: string, { architecture, sha256 }: Release): DebianPackage {
  const path = `pool/main/e/etcd/${name}_${etcdVersion}_${architecture}.deb`;
  return { archive: 'debian', path, sha256 };
}
