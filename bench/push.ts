import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Log } from './benchmark.ts';
import { atLeast, atMost, median } from './figures.ts';
import { type PushHosts, startHosts, unitPath } from './push/hosts.ts';
import { ansible, flotilla, type PushTool, prepareTools, pyinfra } from './push/tools.ts';
import { since } from './runs.ts';

const hostCount = 100;
/** Of which the median counts. */
const rounds = 3;

export const pushParts = ['unit'];

/** One changed unit file to a hundred hosts over OpenSSH: Flotilla, pyinfra and Ansible, one after the other. */
export const push: Benchmark = async (report, log) => {
  if (process.getuid?.() !== 0) throw new Error('mount namespaces and sshd need root: run it as root');
  const bin = await prepareTools(log);
  const folder = await mkdtemp(join(tmpdir(), 'fl-push-'));
  const hosts = await startHosts(folder, hostCount);
  try {
    const tools = [
      flotilla(folder, hosts, log),
      await pyinfra(folder, bin, hosts, log),
      await ansible(folder, bin, hosts, log),
    ];
    const times = await measure(tools, hosts, log);
    const [own = Number.NaN, ...others] = tools.map(({ name }) => median(times[name] ?? []));
    for (const [index, seconds] of others.entries())
      log(`${tools[index + 1]?.name}: ${seconds.toFixed(2)} s, median of ${rounds}`);
    const fastest = Math.min(...others);
    report(`a unit file to ${hostCount} hosts`, atMost(own, fastest / 1.5, 's'));
    report('times as fast as the faster of pyinfra and Ansible', atLeast(fastest / own, 1.5, 'times'));
  } finally {
    hosts.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

/** Name of the tool → seconds of each round. The first push makes the file, and is not measured. */
async function measure(
  tools: readonly PushTool[],
  hosts: PushHosts,
  log: Log,
): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const tool of tools) {
      const contents = `[Service]\nExecStart=/bin/sleep infinity\nEnvironment=BY=${tool.name} ROUND=${round}\n`;
      const reloads = hosts.hosts.map((host) => host.reloads());
      const started = performance.now();
      await tool.push(contents);
      const seconds = since(started);
      await tool.close?.();
      mustHave(hosts, contents, reloads, tool);
      log(
        `${round === 0 ? 'first push' : `round ${round} of ${rounds}`}, ${tool.name}: ${seconds.toFixed(2)} s`,
      );
      if (round > 0) times[tool.name] = [...(times[tool.name] ?? []), seconds];
    }
  }
  return times;
}

/** A tool that does less is no comparison: each host has the file, and systemd was told to read it. */
function mustHave(
  { hosts }: PushHosts,
  contents: string,
  reloads: readonly number[],
  { name }: PushTool,
): void {
  for (const [index, host] of hosts.entries()) {
    const before = reloads[index] ?? 0;
    if (host.read(unitPath) !== contents)
      throw new Error(`${name} left ${host.target.name} without its file`);
    if (host.reloads() <= before) throw new Error(`${name} had ${host.target.name} reload nothing`);
  }
}
