/**
 * The virtual network of one stack, as a process of its own: `node switch-main.ts --pidfile <file> <stack folder>`. It
 * joins the machines' LAN sockets, serves the published ports and takes orders on the control socket. It ends by itself
 * when the stack's network folder goes away or names another process.
 */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../model/message-of.ts';
import type { Publication } from '../model/publication.ts';
import type { ControlRequest, NetworkStatus } from './control.ts';
import { serveControl } from './control.ts';
import { Lan } from './lan.ts';
import { parseForwards } from './machine-state.ts';
import { machineFolder, machinePaths, networkPaths } from './paths.ts';
import { parseNetworkConfig } from './publication.ts';
import { Publisher } from './publisher.ts';
import { LearningSwitch } from './switch.ts';

/** Milliseconds between looks at folder, machines and network.json. */
const tick = 1000;

const stackFolder = process.argv.at(-1) ?? '';
const paths = networkPaths(stackFolder);
const learning = new LearningSwitch({ now: () => performance.now(), random: Math.random });
const lan = new Lan(stackFolder, learning, log);
let publishers: Publisher[] = [];
let configProblem: string | undefined;
let configRead = '';

function log(line: string): void {
  console.log(`${new Date().toISOString()} ${line}`);
}

const locate = async (machine: string) => {
  const text = await readFile(machinePaths(machineFolder(stackFolder, machine)).state, 'utf8').catch(
    () => undefined,
  );
  return text === undefined ? undefined : parseForwards(text);
};

/** Publications that didn't change keep their connections; those whose port was taken are tried again. */
async function reload(): Promise<void> {
  const wanted = await readFile(paths.config, 'utf8').then(parseNetworkConfig);
  const kept = publishers.filter(
    (each) => each.problem === undefined && wanted.publish.some(sameAs(each.publication)),
  );
  for (const each of publishers) if (!kept.includes(each)) each.close();
  const added = wanted.publish
    .filter((publication) => !kept.some((each) => sameAs(publication)(each.publication)))
    .map((publication) => new Publisher(publication, locate, log));
  publishers = [...kept, ...added];
  await Promise.all(added.map((each) => each.start()));
}

function sameAs(one: Publication): (other: Publication) => boolean {
  return (other) => isDeepStrictEqual(one, other);
}

async function applyConfig(): Promise<void> {
  configProblem = await reload().then(() => undefined, messageOf);
  if (configProblem !== undefined) log(configProblem);
}

function status(): NetworkStatus {
  const ports = Object.entries(lan.status).map(([name, port]) => [
    name,
    {
      ...port,
      addresses: learning.addresses(name).map((bytes) => Buffer.from(bytes, 'latin1').toString('hex')),
    },
  ]);
  const publish = publishers.map(({ publication, health, problem }) => ({
    ...publication,
    health,
    ...(problem !== undefined && { problem }),
  }));
  return {
    pid: process.pid,
    ports: Object.fromEntries(ports),
    faults: Object.fromEntries(learning.faults),
    publish,
    ...(configProblem !== undefined && { problem: configProblem }),
  };
}

async function handle(request: ControlRequest): Promise<NetworkStatus> {
  if (request.command === 'reload') await applyConfig();
  if (request.command === 'fault') learning.setFault(request.machine, request.fault);
  if (request.command === 'heal') {
    const names = request.machine === undefined ? [...learning.faults.keys()] : [request.machine];
    for (const name of names) learning.setFault(name, undefined);
  }
  return status();
}

/** Changes with every write of network.json, edits by hand included. */
async function configVersion(): Promise<string> {
  const { mtimeMs, ino } = await stat(paths.config);
  return `${mtimeMs} ${ino}`;
}

async function isWanted(): Promise<boolean> {
  const pid = await readFile(paths.pid, 'utf8').catch(() => '');
  return Number.parseInt(pid, 10) === process.pid;
}

const server = await serveControl(paths.control, handle);
await writeFile(paths.pid, `${process.pid}\n`);
log('ready');
while (await isWanted()) {
  const version = await configVersion().catch(() => '');
  if (version !== '' && version !== configRead) {
    configRead = version;
    await applyConfig();
  }
  await lan.scan();
  await sleep(tick);
}
log('the network folder is gone');
server.close();
lan.close();
for (const publisher of publishers) publisher.close();
process.exit(0);
