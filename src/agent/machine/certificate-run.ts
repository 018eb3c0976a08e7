import type { IssuedCertificate } from '../../model/certificate.ts';
import { messageOf } from '../../model/message-of.ts';
import type { Reason } from '../../model/reason.ts';
import type { ServiceLeaf } from '../../model/service-leaf.ts';
import type { UnitStatus } from '../../model/status.ts';
import { type ServiceTerm, serviceCertificateProblem, serviceTerm } from '../../pki/service-leaf.ts';
import { createSigningRequest, type SigningRequest } from '../../pki/signing-request.ts';
import type { Clock } from '../../store/clock.ts';
import { encodeRequest, requestKey } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import type { Host, Ownership } from '../../template-sync/host.ts';
import { hashOf } from '../../unit/hash.ts';
import type { Log } from '../log.ts';
import type { Systemd } from '../systemd/systemd.ts';
import type { CertificateFiles, CertificateOnDisk } from './certificate-files.ts';

/** What certificates need of the machine. */
export interface CertificateTools {
  readonly files: CertificateFiles;
  /** Certificate of the authority for services, PEM; absent on a machine that has none yet. */
  readonly authority?: string;
  /** Milliseconds since 1970: certificates end by the wall clock. */
  readonly wallNow: () => number;
}

export interface CertificateRunOptions {
  readonly store: Store;
  readonly systemd: Pick<Systemd, 'reload'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly machineId: string;
  readonly tools: CertificateTools;
  readonly host: Pick<Host, 'resolve'>;
  /** The leader's word on this unit, as it is known here. */
  readonly answer: () => IssuedCertificate | undefined;
  /** Called when the unit may be started now, or there is something else to tell. */
  readonly onChange: () => void;
}

export interface WantedCertificate {
  readonly leaf: ServiceLeaf;
  /** User whose the key is, by name or number. */
  readonly owner: string;
}

interface Held extends CertificateOnDisk {
  readonly term: ServiceTerm;
}

interface Asked extends SigningRequest {
  /** When to write the request again, on the agent's clock: it may have been lost. */
  readonly again: number;
}

/** Milliseconds until what failed is tried again, and until a request without an answer of use is written again. */
const pauses = { failure: 10_000, answer: 60_000 };

const unsigned = 'waits until the machine that leads has signed its certificate';

/** Keeps the certificate of one unit on this machine good. */
export class CertificateRun {
  readonly #options: CertificateRunOptions;
  #wanted: WantedCertificate;
  #started = false;
  /** What is on the disk and fits; undefined until that was looked at. */
  #held: Held | undefined;
  /** What the disk was last compared with. */
  #compared: string | undefined;
  #asked: Asked | undefined;
  #failure: Reason | undefined;
  /** What was logged of failures last. */
  #logged: Reason | undefined;
  /** On the agent's clock: nothing is tried before. */
  #rest = Number.NEGATIVE_INFINITY;
  #working: Promise<void> | undefined;
  /** Something was heard while it worked. */
  #again = false;
  #ended = false;
  #cancelRest = () => {};
  /** Whether the program is to be told; undefined until the disk was asked. */
  #reloadDue: boolean | undefined;
  #told = '';

  /** Begins when `before` has resolved: what was before it under the same name is then gone. */
  constructor(options: CertificateRunOptions, wanted: WantedCertificate, before?: Promise<void>) {
    this.#options = options;
    this.#wanted = wanted;
    this.#working = before?.then(() => this.#rested());
  }

  want(wanted: WantedCertificate, started: boolean): void {
    this.#wanted = wanted;
    this.#started = started;
    this.look();
  }

  /** It is started at this moment: from now on another certificate is a reload. */
  starting(): void {
    this.#started = true;
  }

  /** Why the unit can't be started yet; undefined when what it needs is there. */
  get lack(): Reason | undefined {
    if (this.#isGood()) return undefined;
    return this.#failure === undefined ? unsigned : `waits for its certificate: ${this.#failure}`;
  }

  /** What others are told. */
  get remark(): UnitStatus['certificate'] {
    if (!this.#held) return undefined;
    const until = new Date(this.#held.term.until).toISOString();
    return { until, ...(this.#failure !== undefined && { problem: this.#failure }) };
  }

  /** Does what there is to do, beside everything else, and never rejects. */
  look(): void {
    const { clock } = this.#options;
    this.#again = this.#working !== undefined;
    if (this.#working || this.#ended || this.#rest > clock.now()) return;
    const work = this.#work().catch((error: unknown) => this.#fail(messageOf(error)));
    this.#working = work.then(() => this.#rested());
  }

  /** Nothing more is begun; files stay as they are. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#ended = true;
    this.#cancelRest();
    await this.#working;
  }

  /** The unit is gone, and so is all that was for it. Resolves when nothing is there any more. */
  async remove(): Promise<void> {
    await this.stop();
    await this.#withdraw();
    await this.#options.tools.files.remove(this.#wanted.leaf.unit);
  }

  async #work(): Promise<void> {
    await this.#compare();
    if (this.#isDue()) await this.#obtain();
    else await this.#withdraw();
    if (this.#isDue()) return;
    await this.#reload();
    this.#failure = undefined;
    this.#logged = undefined;
  }

  /** Whether what is on the disk is for what is wanted, which may have become another. */
  async #compare(): Promise<void> {
    const wanted = JSON.stringify(this.#wanted);
    if (wanted === this.#compared) return;
    const { leaf, owner } = this.#wanted;
    const { tools, host } = this.#options;
    const [found, { uid }] = await Promise.all([tools.files.read(leaf.unit), host.resolve(ownership(owner))]);
    const fits =
      found?.uid === uid &&
      found.authority === tools.authority &&
      serviceCertificateProblem(found, leaf) === undefined;
    this.#held = found && fits ? { ...found, term: serviceTerm(found.certificate) } : undefined;
    this.#compared = wanted;
    this.#asked = undefined;
  }

  #isGood(): boolean {
    const now = this.#options.tools.wallNow();
    return (
      this.#held !== undefined &&
      this.#compared === JSON.stringify(this.#wanted) &&
      this.#held.term.from <= now &&
      now < this.#held.term.until
    );
  }

  #isDue(): boolean {
    return !this.#isGood() || this.#options.tools.wallNow() >= (this.#held?.term.renewal ?? 0);
  }

  async #obtain(): Promise<void> {
    const { tools, answer } = this.#options;
    if (tools.authority === undefined)
      throw new Error(
        'this machine has no certificate of the authority for services; `npm run up` delivers it',
      );
    const issued = this.#asked && answer();
    if (!this.#asked || issued?.request !== hashOf(this.#asked.csr)) return this.#ask();
    if (issued.certificate !== undefined) return this.#take(issued.certificate, this.#asked, tools.authority);
    this.#failure = `nothing was signed: ${issued.refused}`;
    // The same leader refuses the same request for good, and what was in its way may have passed.
    if (this.#options.clock.now() >= this.#asked.again) this.#asked = undefined;
    await this.#ask();
  }

  /** A leader that was not there, or did not know the unit yet, finds the request later. */
  async #ask(): Promise<void> {
    const { clock, store, machineId } = this.#options;
    if (this.#asked && clock.now() < this.#asked.again) return;
    const { unit } = this.#wanted.leaf;
    const { privateKey, csr } = this.#asked ?? createSigningRequest();
    this.#asked = { privateKey, csr, again: clock.now() + pauses.answer };
    const put = { put: requestKey(machineId, unit), value: encodeRequest({ unit, machineId, csr }) };
    await store.transact({ compare: [], success: [put] }).catch((error: unknown) => {
      this.#asked = { privateKey, csr, again: clock.now() };
      throw error;
    });
  }

  /** Nobody's word is enough: what came is looked at as if anybody had sent it. */
  async #take(certificate: string, { privateKey }: Asked, authority: string): Promise<void> {
    const { tools, host, log } = this.#options;
    const { leaf, owner } = this.#wanted;
    const set = { certificate, privateKey, authority };
    this.#asked = undefined;
    const problem = serviceCertificateProblem(set, leaf) ?? termProblem(certificate, tools.wallNow());
    if (problem !== undefined) return this.#fail(`what was signed ${problem}`, pauses.answer);
    const term = serviceTerm(certificate);
    const { uid, gid } = await host.resolve(ownership(owner));
    this.#reloadDue = this.#held !== undefined || this.#started;
    if (this.#reloadDue) await tools.files.setReloadDue(leaf.unit, true);
    await tools.files.write(leaf.unit, set, { uid, gid });
    log(`${leaf.unit} has a certificate until ${new Date(term.until).toISOString()}`);
    this.#held = { ...set, uid, term };
    await this.#withdraw();
  }

  /** The request has been answered, or is of no use any more. */
  async #withdraw(): Promise<void> {
    const { store, machineId, answer } = this.#options;
    if (answer() === undefined && !this.#asked) return;
    this.#asked = undefined;
    const gone = { delete: requestKey(machineId, this.#wanted.leaf.unit) };
    // What stays of it for now is looked at again, and nobody waits for it.
    await store.transact({ compare: [], success: [gone] }).catch(() => undefined);
  }

  async #reload(): Promise<void> {
    const { tools, systemd, log } = this.#options;
    const { unit } = this.#wanted.leaf;
    this.#reloadDue ??= await tools.files.isReloadDue(unit);
    if (!this.#reloadDue) return;
    // Who is started from now on reads what is there now.
    if (this.#started) {
      await systemd.reload([unit]);
      log(`${unit} was told of its new certificate`);
    }
    await tools.files.setReloadDue(unit, false);
    this.#reloadDue = false;
  }

  #fail(problem: string, pause = pauses.failure): void {
    const { log, clock } = this.#options;
    const { unit } = this.#wanted.leaf;
    if (problem !== this.#logged) log(`certificate of ${unit}: ${problem}; trying again`);
    this.#failure = problem;
    this.#logged = problem;
    this.#rest = clock.now() + pause;
    this.#cancelRest();
    if (!this.#ended) this.#cancelRest = clock.after(pause, () => this.look());
  }

  #rested(): void {
    this.#working = undefined;
    this.#tell();
    if (this.#again) this.look();
  }

  #tell(): void {
    const said = JSON.stringify([this.lack, this.remark]);
    if (said !== this.#told && !this.#ended) this.#options.onChange();
    this.#told = said;
  }
}

function ownership(owner: string): Ownership {
  return { owner: /^\d+$/.test(owner) ? Number(owner) : owner, group: undefined };
}

/** By a wrong clock one would be signed after the other, and none of them used. */
function termProblem(certificate: string, now: number): string | undefined {
  const { from, until } = serviceTerm(certificate);
  if (from <= now && now < until) return undefined;
  const [first, last] = [from, until].map((at) => new Date(at).toISOString());
  return `is good from ${first} to ${last}, and this machine's clock says otherwise; set its clock`;
}
