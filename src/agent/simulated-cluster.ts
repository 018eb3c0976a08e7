import type { ChangeRequest, PlanReply, UnitsReply } from '../model/api.ts';
import type { Followed } from '../model/followed.ts';
import type { Machine } from '../model/machine.ts';
import type { Authority } from '../pki/authority.ts';
import { signServiceLeaf } from '../pki/service-leaf.ts';
import { sleep } from '../store/clock.ts';
import { readCluster } from '../store/cluster-state.ts';
import { FakeClock } from '../store/fake-clock.ts';
import { MemoryStore } from '../store/memory.ts';
import { MemoryCluster } from '../store/memory-cluster.ts';
import { FakeHost } from '../template-sync/fake-host.ts';
import { LocalLookups } from '../template-sync/lookups.ts';
import { type AgentOptions, runAgent } from './agent.ts';
import { applyChange, parseChange } from './api/change.ts';
import { planReply, unitsReply } from './api/views.ts';
import type { SignServiceLeaf } from './engine/certificates.ts';
import type { Dial } from './engine/second-opinion.ts';
import { FakeImageHost, type FakeImageNetwork } from './image/fake-image-host.ts';
import { FakeCertificateFiles } from './machine/certificate-files.ts';
import { FollowedServices } from './machine/followed.ts';
import type { RunProbe } from './machine/probe.ts';
import { FakeRecords } from './machine/template-records.ts';
import { FakeSystemd } from './systemd/fake-systemd.ts';

/** What wall clocks say when the cluster's begins. */
const firstDay = Date.UTC(2026, 0, 1);

/** A machine of the simulation: its disk and systemd outlive its agents. */
export class SimulatedMachine {
  readonly machine: Machine;
  readonly systemd: FakeSystemd;
  /** Its files of templates, and what commands do there. */
  readonly host = new FakeHost();
  readonly records = new FakeRecords();
  /** Its Docker, and the images that it keeps. */
  readonly images: FakeImageHost;
  readonly certificates = new FakeCertificateFiles();
  readonly log: string[] = [];
  /** The authority for services, as it lies on machines with etcd; absent on a cluster of an earlier version. */
  authority: Authority | undefined;
  /** Milliseconds that all wall clocks have gone beside the cluster's clock. */
  ahead = 0;
  /** Milliseconds that what its units' certificates are compared with is off what it signs by. */
  clockOff = 0;
  /** What it signs in place of what it should. */
  lie: SignServiceLeaf | undefined;
  /** What it is signing at the moment. */
  readonly signing = new Set<Promise<string>>();
  store: MemoryStore;
  /** Whether its kernel answers the others, which it may do while its agent is dead, busy or cut off from etcd. */
  answers = false;
  /** Units whose probes fail. */
  readonly unready = new Set<string>();
  /** Milliseconds until a probe has its answer. */
  probesTake = 0;
  /** What load balancers ask for; counts from the next agent on. */
  asked: Followed | undefined;
  /** What its agent tells them; undefined while there is none that could. */
  followed: FollowedServices | undefined;
  readonly #clock: FakeClock;
  readonly #etcd: MemoryCluster;
  readonly #dial: Dial;
  #stop: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(machine: Machine, clock: FakeClock, etcd: MemoryCluster, dial: Dial, images: FakeImageNetwork) {
    this.machine = machine;
    this.images = new FakeImageHost(machine.id, images);
    this.systemd = new FakeSystemd(clock);
    this.#clock = clock;
    this.#etcd = etcd;
    this.#dial = dial;
    this.store = new MemoryStore(clock, etcd);
  }

  get name(): string {
    return this.machine.name;
  }

  /** Starts an agent process, on a machine that answers. */
  boot(): void {
    this.answers = true;
    this.store = new MemoryStore(this.#clock, this.#etcd);
    this.#stop = new AbortController();
    const log = (line: string) => void this.log.push(line);
    const { store, systemd, machine } = this;
    const [clock, dial] = [this.#clock, this.#dial];
    const runProbe: RunProbe = async (_, { unit }, signal) => {
      if (this.probesTake > 0) await sleep(clock, this.probesTake, signal);
      const ok = !this.unready.has(unit);
      return { ok, detail: `answered ${ok ? 200 : 503}` };
    };
    const templateTools = { host: this.host, lookups: new LocalLookups({}), records: this.records };
    const followed = new FollowedServices(clock, this.asked);
    this.followed = followed;
    const services = this.#certificateOptions();
    const own = { templateTools, followed, imageHost: this.images, ...services };
    this.#ended = runAgent(
      { store, systemd, clock, log, machine, dial, runProbe, ...own },
      this.#stop.signal,
    );
  }

  #certificateOptions(): Pick<AgentOptions, 'certificateTools' | 'sign'> {
    const { certificates: files, authority } = this;
    const now = () => firstDay + this.#clock.now() + this.ahead;
    const wallNow = () => now() + this.clockOff;
    if (!authority) return { certificateTools: { files, wallNow } };
    const sign: SignServiceLeaf = (csr, leaf) => {
      const signed = this.lie?.(csr, leaf) ?? signServiceLeaf({ authority, csr, leaf, now: new Date(now()) });
      const done = () => this.signing.delete(signed);
      this.signing.add(signed);
      signed.then(done, done);
      return signed;
    };
    return { certificateTools: { files, authority: authority.certificate, wallNow }, sign };
  }

  /** SIGTERM to the agent. */
  async end(): Promise<void> {
    this.followed = undefined;
    this.#stop?.abort();
    await this.#ended;
    await this.store.close();
  }

  /** SIGKILL to the agent: it says nothing to anybody any more, while the machine and its units go on. */
  async crash(): Promise<void> {
    this.store.reachable = false;
    await this.end();
  }

  /** SIGKILL to the machine: nobody there says anything to anybody any more. Its units are not looked at. */
  async kill(): Promise<void> {
    this.answers = false;
    await this.crash();
  }

  /** Pulls the network cable: neither etcd nor the others are in reach, all else goes on. */
  cut(): void {
    this.answers = false;
    this.store.reachable = false;
  }

  /** Puts the cable back. */
  heal(): void {
    this.answers = true;
    this.store.reachable = true;
  }

  /** Names of the units that run. */
  async running(): Promise<string[]> {
    const units = await this.systemd.list();
    return units.flatMap(({ name, active }) => (active === 'active' ? name : [])).sort();
  }
}

/** Machines with real agents and engines, on one etcd in memory and one clock that the test moves. */
export class SimulatedCluster {
  readonly clock = new FakeClock();
  readonly etcd = new MemoryCluster(this.clock);
  readonly machines: readonly SimulatedMachine[];
  readonly #images: FakeImageNetwork = new Map();
  /** The user's own way to the store, never cut. */
  readonly store = new MemoryStore(this.clock, this.etcd);

  constructor(names: readonly string[]) {
    const dial: Dial = async (address) =>
      this.machines.some((one) => one.machine.address === address && one.answers);
    this.machines = names.map(
      (name, at) => new SimulatedMachine(machineNamed(name, at), this.clock, this.etcd, dial, this.#images),
    );
  }

  /** Boots all machines and waits until they are members for long enough to count as settled. */
  async start(): Promise<void> {
    for (const machine of this.machines) machine.boot();
    await this.clock.advance(60_000);
  }

  async stop(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.end()));
  }

  get(name: string): SimulatedMachine {
    const found = this.machines.find((machine) => machine.name === name);
    if (!found) throw new Error(`there is no machine ${name}`);
    return found;
  }

  async leader(): Promise<SimulatedMachine> {
    const { leader } = await readCluster(this.store);
    const found = this.machines.find(({ machine }) => machine.id === leader);
    if (!found) throw new Error('nobody leads');
    return found;
  }

  async apply(request: Partial<ChangeRequest>): Promise<void> {
    await applyChange(this.store, parseChange({ put: [], destroy: [], ...request }));
  }

  async plan(request: Partial<ChangeRequest>): Promise<PlanReply> {
    return planReply(await readCluster(this.store), parseChange({ put: [], destroy: [], ...request }));
  }

  async units(): Promise<UnitsReply> {
    return unitsReply(await readCluster(this.store));
  }

  /** Running units by machine. */
  async running(): Promise<Record<string, string[]>> {
    const entries = this.machines.map(async (machine) => [machine.name, await machine.running()]);
    return Object.fromEntries(await Promise.all(entries));
  }

  /** Everything that was done to units since the last call, as `core-1: start a.service`. */
  takeCalls(): string[] {
    return this.machines.flatMap(({ name, systemd }) =>
      systemd.calls.splice(0).map((call) => `${name}: ${call}`),
    );
  }
}

function machineNamed(name: string, at: number): Machine {
  return {
    id: String(at + 1).repeat(32),
    name,
    address: `10.0.0.${at + 1}`,
    metadata: {},
    capacity: { cpus: 1, memory: 1024 },
    version: '1',
    bootId: `boot-${at}`,
  };
}
