import type { OfferedService } from '../../model/flotilla-options.ts';
import { type Followed, type FollowedService, parseFollowedPath } from '../../model/followed.ts';
import type { Clock } from '../../store/clock.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import type { Offer } from './offers.ts';

/** What the agent answers a load balancer. */
export type FollowedAnswer = 'ready' | 'not ready' | 'not found';

/** What is told of one unit. */
interface Told {
  readonly services: readonly OfferedService[];
  /** When it was taken back, on the clock. */
  readonly until: number;
}

/**
 * Which followed services are ready here, as load balancers are told when they ask, and how long a unit that shall be
 * stopped runs on meanwhile: until every balancer has asked often enough to lead nobody there any more.
 *
 * It is the view by which services get their keys, but needs no etcd: what runs and answers here is told also while the
 * store is out of reach, since whoever asks is not.
 */
export class FollowedServices {
  readonly #clock: Clock;
  readonly #followed: Followed | undefined;
  /** An agent before this one may have told that a unit is ready, up to its end. */
  readonly #begun: number;
  readonly #told = new Map<string, Told>();

  /** @param followed what is asked for; without it nothing is told and nothing runs on. */
  constructor(clock: Clock, followed: Followed | undefined) {
    this.#clock = clock;
    this.#followed = followed;
    this.#begun = clock.now();
  }

  /** To `GET` of this path. Of services that nobody follows it tells nothing, whether they are here or not. */
  answer(path: string): FollowedAnswer {
    const asked = parseFollowedPath(path);
    if (!asked?.every((service) => this.#isFollowed(service))) return 'not found';
    return asked.every((service) => this.#isReady(service)) ? 'ready' : 'not ready';
  }

  /** Whether anybody asks for one of these. */
  follows(services: readonly OfferedService[]): boolean {
    return services.some((one) => this.#isFollowed(asService(one)));
  }

  /** From now on this is told of these units, and nothing of others. */
  look(units: readonly ManagedUnit[], offerOf: (unit: ManagedUnit) => Offer): void {
    if (this.#followed === undefined) return;
    const names = new Set(units.map(({ name }) => name));
    for (const name of this.#told.keys()) if (!names.has(name)) this.#told.delete(name);
    for (const unit of units) {
      const { services, sure } = offerOf(unit);
      const before = this.#of(unit.name);
      const now = sure ? services : services.filter((one) => before.services.some(isSame(one)));
      this.#tell(
        unit.name,
        now.filter((one) => this.#isFollowed(asService(one))),
      );
    }
  }

  /**
   * These shall be stopped. Nothing is told of them from now on.
   *
   * @param leaving unit → what it offers
   * @returns those of them that have to run on for now, and until when on the clock
   */
  hold(leaving: ReadonlyMap<string, readonly OfferedService[]>): ReadonlyMap<string, number> {
    const held = new Map<string, number>();
    for (const [unit, services] of leaving) {
      if (!this.follows(services)) continue;
      this.#tell(unit, []);
      const end = this.#of(unit).until + (this.#followed?.notice ?? 0) * 1000;
      if (end > this.#clock.now()) held.set(unit, end);
    }
    return held;
  }

  #of(unit: string): Told {
    return this.#told.get(unit) ?? { services: [], until: this.#begun };
  }

  #tell(unit: string, services: readonly OfferedService[]): void {
    const before = this.#of(unit);
    const fewer = before.services.some((one) => !services.some(isSame(one)));
    this.#told.set(unit, { services, until: fewer ? this.#clock.now() : before.until });
  }

  #isFollowed(service: FollowedService): boolean {
    return this.#followed?.services.some((one) => isEqual(one, service)) ?? false;
  }

  #isReady(service: FollowedService): boolean {
    return [...this.#told.values()].some(({ services }) =>
      services.some((one) => isEqual(asService(one), service)),
    );
  }
}

const asService = ({ name: service, port }: OfferedService): FollowedService => ({ service, port });

function isEqual(one: FollowedService, other: FollowedService): boolean {
  return one.service === other.service && one.port === other.port;
}

const isSame = (one: OfferedService) => (other: OfferedService) => isEqual(asService(one), asService(other));
