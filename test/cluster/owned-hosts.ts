import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderCloudConfig } from '../../cloud-config/cloud-config.ts';
import { chooseAccelerator } from '../../src/qemu/accelerator.ts';
import { ensureImage } from '../../src/qemu/image.ts';
import { startMachine } from '../../src/qemu/machine.ts';
import { startNetwork, stopNetwork } from '../../src/qemu/network.ts';
import { machineFolder } from '../../src/qemu/paths.ts';
import type { Suite } from '../../src/qemu/recipe.ts';
import { lanMac, renderSeed } from '../../src/qemu/seed.ts';
import { waitForSsh } from '../../src/qemu/ssh-banner.ts';
import { stopMachine } from '../../src/qemu/stop-machine.ts';
import { connect } from '../../src/ssh/connect.ts';
import { generateSshKey, type SshKeyPair } from '../../src/ssh/key-pair.ts';
import { fingerprint, publicKeyBlob } from '../../src/ssh/public-key.ts';

const log = (line: string) => void process.stderr.write(`${line}\n`);

/** Its owner's, who has set it up without a thought of Flotilla. */
export interface OwnedHost {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly clusterAddress: string;
  /** As `ssh-keygen -lf` prints it. */
  readonly hostKey: string;
  /** Runs a shell script as root, by the owner's login, and gives its output. */
  run(script: string): Promise<string>;
}

/** Machines that were booted outside of the toolkit, with a user of their own and nothing of Flotilla's. */
export class OwnedHosts {
  readonly folder = mkdtempSync(join(tmpdir(), 'owned-'));
  readonly identityFile = join(this.folder, 'id_ed25519');
  readonly #key: SshKeyPair = generateSshKey('owner');
  readonly #names: string[] = [];

  constructor() {
    writeFileSync(this.identityFile, this.#key.privateKey, { mode: 0o600 });
  }

  /** @param hosts name → what it runs */
  async boot(hosts: Readonly<Record<string, Suite>>): Promise<readonly OwnedHost[]> {
    await startNetwork(this.folder, [], { log });
    this.#names.push(...Object.keys(hosts));
    return Promise.all(
      Object.entries(hosts).map(async ([name, suite], index) => {
        const image = await ensureImage({ kind: 'debian', suite }, { log });
        const { accelerator } = await chooseAccelerator(image, { log });
        const folder = machineFolder(this.folder, name);
        const clusterAddress = `10.77.9.${11 + index}`;
        const hostKey = generateSshKey(name);
        const seed = this.#seed(name, `${clusterAddress}/16`, hostKey);
        const { sshPort } = await startMachine(
          {
            ...{ name, folder, image, accelerator, seed, cpus: 1, memory: 1024, disk: 8, ports: [] },
            lanMac: lanMac(clusterAddress),
          },
          { log },
        );
        await waitForSsh(name, folder, { log });
        const target = { name, host: '127.0.0.1', port: sshPort, user: 'admin', hostKey: hostKey.publicKey };
        return {
          ...{ address: '127.0.0.1', port: sshPort, user: 'admin', clusterAddress },
          hostKey: fingerprint(publicKeyBlob(hostKey.publicKey)),
          run: async (script: string) => {
            const privateKey = this.#key.privateKey;
            const session = await connect({ ...target, privateKey }, { deadline: 120 });
            const result = await session.exec({ argv: ['sh', '-c', script], root: true, timeout: 300 });
            await session.close();
            if (result.status !== 0) throw new Error(`${name} ended with ${result.status}: ${result.stderr}`);
            return result.stdout;
          },
        };
      }),
    );
  }

  #seed(hostname: string, address: string, sshHostKey: SshKeyPair) {
    const userData = renderCloudConfig({
      hostname,
      groups: [],
      users: [{ name: 'admin', groups: [], authorizedKeys: [this.#key.publicKey] }],
      sshHostKey,
      files: [{ path: '/etc/environment', contents: 'LANG=C.UTF-8\n', mode: '0644' }],
      units: [{ name: 'ssh.service', enabled: true }],
      packages: [],
    });
    return renderSeed({ hostname, instanceId: hostname, address, userData });
  }

  async remove(): Promise<void> {
    await Promise.all(this.#names.map((name) => stopMachine(machineFolder(this.folder, name), log)));
    await stopNetwork(this.folder);
    rmSync(this.folder, { recursive: true });
  }
}
