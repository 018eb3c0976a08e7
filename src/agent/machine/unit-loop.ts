import { leaseSeconds } from '../../model/lease.ts';
import type { Machine } from '../../model/machine.ts';
import { messageOf } from '../../model/message-of.ts';
import type { Placement } from '../../model/placement.ts';
import type { Reason } from '../../model/reason.ts';
import { type Clock, sleep } from '../../store/clock.ts';
import {
  cordonKey,
  parseCordon,
  parsePlacement,
  placementPrefix,
  prefixes,
  splitPair,
} from '../../store/keys.ts';
import { type MirrorView, mirror } from '../../store/mirror.ts';
import type { Lease, Store } from '../../store/store.ts';
import type { ImageHost } from '../image/image-host.ts';
import { MachineImages } from '../image/machine-images.ts';
import type { Log } from '../log.ts';
import { Pulse } from '../pulse.ts';
import type { ManagedUnit, Systemd } from '../systemd/systemd.ts';
import type { CertificateTools } from './certificate-run.ts';
import { Certificates } from './certificates.ts';
import { ChosenKeys } from './chosen-keys.ts';
import { Deregistrations } from './deregistrations.ts';
import type { FollowedServices } from './followed.ts';
import { LastWords } from './last-words.ts';
import { isLeaving, type Offer, type OfferContext, offerOf } from './offers.ts';
import type { RunProbe } from './probe.ts';
import { Probes, probedOf } from './probes.ts';
import { type Knowledge, Publisher } from './publisher.ts';
import { Templates, type TemplateTools } from './templates.ts';
import { type Desired, UnitWork, type UnitWorkOptions } from './unit-work.ts';

export interface UnitLoopOptions {
  readonly store: Store;
  readonly systemd: Systemd;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Pick<Machine, 'id' | 'name' | 'address'>;
  readonly runProbe: RunProbe;
  /** What files of templates are written with. */
  readonly templateTools: TemplateTools;
  /** Docker, and what is kept of images for other machines. */
  readonly imageHost: ImageHost;
  /** What load balancers are told. */
  readonly followed: FollowedServices;
  /** What certificates of services are kept with. */
  readonly certificateTools: CertificateTools;
  /** See `SessionOptions.ttl`. */
  readonly leaseTtl?: number;
}

/** Milliseconds between looks when nothing is said to have changed. */
const idlePeriod = 30_000;

/** Milliseconds until a look that failed as a whole is tried again. */
const retryPause = 2000;

/** Milliseconds that changes are collected for: units that were placed together get one daemon-reload. */
const collectFor = 50;

/**
 * Milliseconds at most between the end of a look and the next: twice as long as it took, since where a look takes long
 * the machine is busy, and what makes it busy is, more often than not, what its units wait for.
 */
const restAtMost = 3000;

/**
 * Makes this machine's units what the engine decided and publishes what became of them. It runs on without a
 * lease and without the store: then nothing is known to have changed, so nothing changes but what is fenced.
 */
export class UnitLoop {
  readonly #options: UnitLoopOptions;
  readonly #pulse: Pulse;
  readonly #publisher: Publisher;
  readonly #chosenKeys: ChosenKeys;
  readonly #work: UnitWork;
  readonly #probes: Probes;
  readonly #templates: Templates;
  readonly #deregistrations = new Deregistrations();
  readonly #images: MachineImages;
  readonly #certificates: Certificates;
  /** Undefined until the store was read once: until then nobody knows what should run. */
  #desired: Desired | undefined;
  #draining = false;
  #lease: Lease | undefined;
  /** Units that have services, as others were told of them last. */
  #offering: readonly ManagedUnit[] = [];
  #said = '';
  /** What was said of keys that can't be read; said once, however often they are seen. */
  readonly #reported = new Set<string>();

  constructor(options: UnitLoopOptions) {
    const { store, systemd, clock, machine, runProbe, leaseTtl = leaseSeconds } = options;
    const onChange = () => this.#pulse.ring();
    const publisher = new Publisher(store, new LastWords({ systemd, clock, onChange }), machine);
    this.#options = options;
    this.#pulse = new Pulse(clock);
    this.#publisher = publisher;
    this.#chosenKeys = new ChosenKeys({ ...options, ttl: leaseTtl });
    this.#probes = new Probes({ clock, runProbe, onChange });
    const claimOf = (unit: string, lease: Lease) => publisher.revisionOf(unit, lease);
    const templates = new Templates({ ...options, tools: options.templateTools, onChange });
    const { templateTools, certificateTools: tools } = options;
    const certificates = new Certificates({ ...options, tools, host: templateTools.host, onChange });
    this.#templates = templates;
    const images = new MachineImages({ ...options, host: options.imageHost, onChange });
    this.#images = images;
    this.#certificates = certificates;
    const held: UnitWorkOptions['held'] = (units, desired) => this.#hold(units, desired);
    this.#work = new UnitWork({
      ...options,
      ...{ machineId: machine.id, templates, certificates, images, claimOf, held, onChange },
    });
  }

  /** From now on states are published under this lease, and fenced units run by it. */
  attach(lease: Lease): void {
    this.#lease = lease;
    this.#work.attach(lease);
    this.#images.attach(lease);
    this.#pulse.ring();
  }

  /** Runs until `signal` aborts; never rejects. Leaves all units as they are. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, log, machine } = this.#options;
    const follow = (prefix: string, onChange: (view: MirrorView) => void) =>
      mirror({ store, prefix, clock, log, onChange }, signal);
    const following = [
      follow(placementPrefix(machine.id), (view) => this.#want(view)),
      follow(cordonKey(machine.id), (view) => this.#hearCordon(view)),
    ];
    const listening = Promise.all([this.#listen(signal), this.#images.run(signal)]);
    while (!signal.aborted) {
      const began = clock.now();
      const wait = await this.#pass();
      const ended = clock.now();
      await this.#pulse.wait(wait, signal);
      const rested = clock.now() - ended;
      const rest = Math.min(2 * (ended - began), restAtMost) - rested;
      await sleep(clock, Math.max(collectFor, rest), signal);
    }
    this.#work.end();
    this.#probes.follow([]);
    await Promise.all([...following, listening, this.#templates.end(), this.#certificates.end()]);
  }

  #want({ entries }: MirrorView): void {
    const placements: Placement[] = [];
    const unclear = new Set<string>();
    for (const [key, { value }] of entries) {
      const parsed = parsePlacement(key, value);
      if ('value' in parsed) placements.push(parsed.value);
      else {
        this.#report(
          `${key} is malformed, its unit stays as it is until the engine decides anew: ${parsed.malformed.problem}`,
        );
        unclear.add(splitPair(key, prefixes.placement)[1]);
      }
    }
    this.#desired = { placements, unclear };
    this.#pulse.ring();
  }

  #hearCordon({ entries }: MirrorView): void {
    this.#draining = [...entries].some(([key, { value }]) => {
      const parsed = parseCordon(key, value);
      return 'value' in parsed && parsed.value[1].drain;
    });
    this.#pulse.ring();
  }

  #report(line: string): void {
    if (!this.#reported.has(line)) this.#options.log(line);
    this.#reported.add(line);
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { systemd, clock, log } = this.#options;
    let said = '';
    while (!signal.aborted) {
      try {
        for await (const _ of systemd.changes(signal)) {
          said = '';
          this.#pulse.ring();
        }
      } catch (error) {
        const problem = messageOf(error);
        if (problem !== said) log(`systemd can't be followed: ${problem}; trying again`);
        said = problem;
        await sleep(clock, retryPause, signal);
      }
    }
  }

  /** Answers in how many milliseconds to look again. */
  async #pass(): Promise<number> {
    const problems: Reason[] = [];
    let wait = idlePeriod;
    const attempt = async <T>(step: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await step();
      } catch (error) {
        problems.push(messageOf(error));
        wait = retryPause;
        return undefined;
      }
    };
    const desired = this.#desired;
    // First nobody is sent to a unit any more, and when all have heard of that, it is stopped.
    await attempt(() => this.#withdraw());
    const advanced = desired && (await attempt(() => this.#work.advance(desired)));
    await attempt(async () => {
      const known = advanced === undefined || advanced.changed ? undefined : advanced.units;
      await this.#tell(known ?? (await this.#options.systemd.list()));
    });
    this.#complain([...(advanced?.problems ?? []), ...problems]);
    return Math.min(wait, this.#work.nextLook());
  }

  /** What failed is said again only when it says something new, or has got well in between. */
  #complain(problems: readonly Reason[]): void {
    const problem = problems.join('; ');
    if (problem !== '' && problem !== this.#said) this.#options.log(`will try again: ${problem}`);
    if (problem !== '' || this.#work.isWell) this.#said = problem;
  }

  /** Tells the cluster of the units as they are now. */
  async #tell(units: readonly ManagedUnit[]): Promise<void> {
    this.#probes.follow(probedOf(units, (name, contents) => this.#work.needsOf(name, contents)));
    this.#options.followed.look(units, (unit) => this.#offerHere(unit));
    if (!this.#lease || this.#lease.lost.aborted) return;
    await this.#publisher.publish(units, this.#knowledge, this.#lease);
    this.#offering = units.filter(
      ({ name, contents }) => this.#work.needsOf(name, contents).flotilla.services.length > 0,
    );
    await this.#chosenKeys.follow(this.#publisher.registrations);
  }

  async #withdraw(): Promise<void> {
    if (!this.#lease || this.#lease.lost.aborted) return;
    const going = this.#offering.filter((unit) => isLeaving(unit, this.#offerContext(unit)));
    const leaving = going.map(({ name }) => name);
    const told = new Set(this.#publisher.registrations.map(({ unit }) => unit));
    await this.#publisher.withdraw(leaving, this.#lease);
    await this.#chosenKeys.withdraw(leaving);
    this.#deregistrations.note(
      going.map(({ name, contents }) => [name, this.#work.needsOf(name, contents)]),
      new Set(leaving.filter((name) => told.has(name))),
      this.#options.clock.now(),
    );
  }

  /** Those of the units that are to be stopped and run on, until readers and load balancers lead nobody there. */
  #hold(units: readonly ManagedUnit[], desired: Desired): ReadonlyMap<string, number> {
    const { followed, clock } = this.#options;
    const leaving = units.flatMap((unit) => {
      const context = { ...this.#offerContext(unit), desired };
      const { services } = context.needs.flotilla;
      return followed.follows(services) && isLeaving(unit, context) ? [[unit.name, services] as const] : [];
    });
    return latest(this.#deregistrations.pending(clock.now()), followed.hold(new Map(leaving)));
  }

  /** What runs here is not doubted for the sole reason that the store was not read yet. */
  #offerHere(unit: ManagedUnit): Offer {
    const { name, load, active, sub, hash } = unit;
    const ready = this.#probes.readyOf(name);
    const status = { unit: name, machineId: this.#options.machine.id, load, active, sub, hash };
    const context = this.#offerContext(unit);
    const desired = context.desired ?? { placements: [], unclear: new Set([name]) };
    return offerOf(unit, { ...status, ...(ready && { ready }) }, { ...context, desired });
  }

  readonly #knowledge: Knowledge = {
    remarksOn: (unit) => {
      const [ready, waiting] = [this.#probes.readyOf(unit), this.#work.waitOf(unit)];
      const template = this.#templates.failureOf(unit);
      const certificate = this.#certificates.remarkOn(unit);
      return {
        ...(ready && { ready }),
        ...(certificate && { certificate }),
        // What is waited for is said with what is wrong with it.
        ...(waiting !== undefined ? { waiting } : template !== undefined && { template }),
      };
    },
    offerOf: (unit, status) => offerOf(unit, status, this.#offerContext(unit)),
  };

  #offerContext({ name, contents }: ManagedUnit): OfferContext {
    const needs = this.#work.needsOf(name, contents);
    const [desired, draining] = [this.#desired, this.#draining];
    return { needs, desired, draining, lookedAt: this.#probes.isLookedAt(name) };
  }
}

/** Of each key the greater of two values. */
function latest(
  one: ReadonlyMap<string, number>,
  other: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map([
    ...one,
    ...[...other].map(([key, end]) => [key, Math.max(end, one.get(key) ?? end)] as const),
  ]);
}
