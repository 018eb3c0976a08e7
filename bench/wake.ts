import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminUser } from '../cloud-config/build.ts';
import { renderCloudConfig } from '../cloud-config/cloud-config.ts';
import { buildMachineConfig } from '../cloud-config/first-boot.ts';
import { stackSchema } from '../src/config/schema.ts';
import { type MachinePlan, planCluster } from '../src/plan/plan.ts';
import { warmStart } from '../src/provider/resources/local/warm-start.ts';
import { chooseAccelerator } from '../src/qemu/accelerator.ts';
import type { MachineSpec } from '../src/qemu/arguments.ts';
import { ensureImage } from '../src/qemu/image.ts';
import { readMachine } from '../src/qemu/machine-state.ts';
import { lanMac, renderSeed } from '../src/qemu/seed.ts';
import { stopMachine } from '../src/qemu/stop-machine.ts';
import { connect } from '../src/ssh/connect.ts';
import type { MachineIdentity } from '../src/ssh/first-contact.ts';
import { generateSshKey } from '../src/ssh/key-pair.ts';
import type { Log, Report } from './benchmark.ts';
import { atMost } from './figures.ts';
import { since } from './runs.ts';

const login = generateSshKey('bench');

/** Three machines at once, without Pulumi: from the start of QEMU until each proves a host key of its own. */
export async function wakeThree(report: Report, log: Log) {
  const folder = mkdtempSync(join(tmpdir(), 'fl-wake-'));
  const spec = stackSchema.parse({ machines: { core: { count: 3, etcd: true } } });
  const { machines } = planCluster('wake', spec);
  try {
    // The first wake makes the template, if there is none.
    const [first] = machines;
    if (first) await wake(first, folder, log);
    const all = await Promise.all(machines.map((plan) => wake(plan, folder, log)));
    const slowest = Math.max(...all.map(({ seconds }) => seconds));
    report('start of QEMU until SSH with its own host key, slowest of 3 at once', atMost(slowest, 8, 's'));
    const furthest = Math.max(...all.map(({ clock }) => clock));
    report('clock after the start, furthest from the host’s', atMost(furthest, 1, 's'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function wake(plan: MachinePlan, folder: string, log: (line: string) => void) {
  const options = { prebuilt: true, emulated: true };
  const config = buildMachineConfig(
    plan,
    { authorizedKey: login.publicKey, sshHostKey: generateSshKey(plan.name) },
    options,
  );
  const identity = { instanceId: `${plan.name}-1`, address: `${plan.address}/${plan.prefixLength}` };
  const image = await ensureImage({ kind: 'debian', suite: 'trixie' }, { log });
  const { accelerator } = await chooseAccelerator(image, { log });
  const { name, cpus, memory, disk } = plan;
  const seed = renderSeed({ hostname: name, ...identity, userData: renderCloudConfig(config) });
  const place = { folder: join(folder, name), lanMac: lanMac(identity.address), ports: [] };
  const spec: MachineSpec = { name, cpus, memory, disk, image, accelerator, seed, ...place };
  try {
    const start = performance.now();
    let hostKey = '';
    const record = async (known: MachineIdentity) => {
      hostKey = known.hostKey;
    };
    const signal = new AbortController().signal;
    await warmStart(spec, { os: plan.os, config, ...identity }, record, { log, signal });
    const machine = await readMachine(spec.folder);
    const target = { name, host: '127.0.0.1', port: machine?.sshPort ?? 0, user: adminUser };
    const { privateKey } = login;
    const connection = await connect({ ...target, privateKey, hostKey });
    const seconds = since(start);
    const before = Date.now() / 1000;
    const { stdout } = await connection.exec({ argv: ['date', '+%s.%N'] });
    const after = Date.now() / 1000;
    await connection.close();
    // The machine's moment lies between the two of the host: only what is outside of them is surely wrong.
    const clock = Math.max(before - Number(stdout), Number(stdout) - after, 0);
    return { seconds, clock };
  } finally {
    await stopMachine(spec.folder, log);
  }
}
