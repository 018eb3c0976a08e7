import type { IssuedCertificate } from '../../model/certificate.ts';
import type { Machine } from '../../model/machine.ts';
import { messageOf } from '../../model/message-of.ts';
import type { Reason } from '../../model/reason.ts';
import type { UnitStatus } from '../../model/status.ts';
import { certificatePrefix, parseCertificate } from '../../store/keys.ts';
import { type MirrorView, mirror } from '../../store/mirror.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import { CertificateRun, type CertificateRunOptions, type WantedCertificate } from './certificate-run.ts';

export interface CertificatesOptions extends Omit<CertificateRunOptions, 'machineId' | 'answer'> {
  readonly machine: Pick<Machine, 'id' | 'name' | 'address'>;
}

/** A unit that is here or about to be. */
export interface CertifiedUnit {
  readonly name: string;
  readonly needs: UnitNeeds;
  readonly started: boolean;
}

/** Keeps certificates for those of this machine's units that ask for one, and nothing of the others. */
export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #runs = new Map<string, CertificateRun>();
  readonly #ending = new Map<string, Promise<void>>();
  /** What the leader says, by unit. */
  #answers: ReadonlyMap<string, IssuedCertificate> = new Map();
  readonly #stop = new AbortController();
  #following: Promise<void> | undefined;
  #swept: Promise<void> | undefined;

  constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  /** These units are here, or about to be, and no others. Called again and again, so that what is due is seen. */
  follow(units: readonly CertifiedUnit[]): void {
    const wanted = new Map(units.flatMap((unit) => this.#wantedBy(unit)));
    // Where there never was an authority, there are no certificates either.
    if (this.#options.tools.authority !== undefined) this.#swept ??= this.#sweep(new Set(wanted.keys()));
    for (const [unit, run] of this.#runs) if (!wanted.has(unit)) this.#end(unit, run);
    const started = new Set(units.flatMap((unit) => (unit.started ? unit.name : [])));
    for (const [unit, certificate] of wanted) {
      const run = this.#runs.get(unit) ?? this.#begin(unit, certificate);
      run.want(certificate, started.has(unit));
    }
  }

  /** These are started at this moment. */
  starting(units: readonly string[]): void {
    for (const unit of units) this.#runs.get(unit)?.starting();
  }

  /** Why the unit can't be started yet; undefined when it has its certificate or asks for none. */
  waitOf(unit: string): Reason | undefined {
    return this.#runs.get(unit)?.lack;
  }

  /** What is told of the unit's certificate. */
  remarkOn(unit: string): UnitStatus['certificate'] {
    return this.#runs.get(unit)?.remark;
  }

  /** Files stay as they are. */
  async end(): Promise<void> {
    this.#stop.abort();
    const stopped = [...this.#runs.values()].map((run) => run.stop());
    await Promise.all([...stopped, this.#following, this.#swept, ...this.#ending.values()]);
  }

  #wantedBy({ name, needs }: CertifiedUnit): [string, WantedCertificate][] {
    const { certificate, services } = needs.flotilla;
    if (!certificate) return [];
    const { name: machine, address } = this.#options.machine;
    const leaf = { unit: name, machine, address, services: services.map((service) => service.name) };
    return [[name, { leaf, owner: certificate.owner }]];
  }

  #begin(unit: string, wanted: WantedCertificate): CertificateRun {
    // No machine follows anything for certificates that its units don't have.
    this.#following ??= this.#hear();
    const answer = () => this.#answers.get(unit);
    const options = { ...this.#options, machineId: this.#options.machine.id, answer };
    const run = new CertificateRun(options, wanted, this.#ending.get(unit));
    this.#runs.set(unit, run);
    return run;
  }

  #end(unit: string, run: CertificateRun): void {
    this.#runs.delete(unit);
    const ended = run.remove().catch((error: unknown) => {
      this.#options.log(`certificate of ${unit} can't be removed: ${messageOf(error)}`);
    });
    const gone = Promise.all([this.#ending.get(unit), ended]).then(() => {
      if (this.#ending.get(unit) === gone) this.#ending.delete(unit);
    });
    this.#ending.set(unit, gone);
  }

  /** Of units that went while no agent was there. What can't be removed now is with the next agent. */
  async #sweep(kept: ReadonlySet<string>): Promise<void> {
    const { files } = this.#options.tools;
    const found = await files.units().catch(() => []);
    const gone = found.filter((unit) => !kept.has(unit));
    await Promise.all(gone.map((unit) => files.remove(unit).catch(() => undefined)));
  }

  #hear(): Promise<void> {
    const { store, clock, log, machine } = this.#options;
    const onChange = ({ entries }: MirrorView) => {
      const found = [...entries].flatMap(([key, { value }]) => {
        const parsed = parseCertificate(key, value);
        return 'value' in parsed ? [parsed.value] : [];
      });
      this.#answers = new Map(found.map((issued) => [issued.unit, issued]));
      for (const { unit } of found) this.#runs.get(unit)?.look();
    };
    return mirror({ store, prefix: certificatePrefix(machine.id), clock, log, onChange }, this.#stop.signal);
  }
}
