import type { Machine } from '../model/machine.ts';
import type { Clock } from '../store/clock.ts';
import type { Store } from '../store/store.ts';
import { LocalHost } from '../template-sync/local-host.ts';
import { LocalLookups } from '../template-sync/lookups.ts';
import type { SignServiceLeaf } from './engine/certificates.ts';
import { runEngine } from './engine/engine.ts';
import { campaign } from './engine/leader.ts';
import type { Dial } from './engine/second-opinion.ts';
import type { ImageHost } from './image/image-host.ts';
import type { Log } from './log.ts';
import { LocalCertificateFiles } from './machine/certificate-files.ts';
import type { CertificateTools } from './machine/certificate-run.ts';
import { FollowedServices } from './machine/followed.ts';
import { type RunProbe, runProbe as runHere } from './machine/probe.ts';
import { RecordFiles } from './machine/template-records.ts';
import type { TemplateTools } from './machine/templates.ts';
import { UnitLoop } from './machine/unit-loop.ts';
import { keepSession, type Session } from './session.ts';
import type { Systemd } from './systemd/systemd.ts';

export interface AgentOptions {
  readonly store: Store;
  readonly systemd: Systemd;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  /** See `SessionOptions.ttl`. */
  readonly leaseTtl?: number;
  /** See `EngineOptions.dial`. */
  readonly dial?: Dial;
  /** How probes of units are done; by default on this machine. */
  readonly runProbe?: RunProbe;
  /** What files of templates are written with; by default this machine itself. */
  readonly templateTools?: TemplateTools;
  /** Docker, and what is kept of images for other machines. */
  readonly imageHost: ImageHost;
  /** What load balancers are told; by default none asks. */
  readonly followed?: FollowedServices;
  /** What certificates of services are kept with; by default this machine's files, without an authority. */
  readonly certificateTools?: CertificateTools;
  /** See `EngineOptions.sign`. */
  readonly sign?: SignServiceLeaf;
  /** See `LeaderOptions.candidate`. */
  readonly candidate?: boolean;
  /** See `SessionOptions.onStanding`. */
  readonly onStanding?: (refusal: string | undefined) => void;
}

const ownTools = (): TemplateTools => ({
  host: new LocalHost(),
  lookups: new LocalLookups(process.env),
  records: new RecordFiles('/var/lib/flotilla/templates'),
});

/** Below /run, which the units' files are too: a machine that boots asks for everything anew. */
const certificateFolder = '/run/flotilla/certificates';

export const ownCertificateTools = (authority?: string): CertificateTools => ({
  files: new LocalCertificateFiles(certificateFolder),
  wallNow: Date.now,
  ...(authority !== undefined && { authority }),
});

/**
 * One machine's agent: member of the cluster, keeper of its units, and a candidate for the engine. Ends when
 * `signal` aborts and leaves all units as they are, so it can be restarted and upgraded at any time.
 */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, log, machine, leaseTtl, dial, candidate = true, runProbe = runHere } = options;
  const { templateTools = ownTools(), certificateTools = ownCertificateTools(), sign } = options;
  const { followed = new FollowedServices(clock, undefined) } = options;
  const units = new UnitLoop({ ...options, runProbe, templateTools, certificateTools, followed });
  const calls = { ...(dial && { dial }), ...(sign && { sign }) };
  const whileMember = (session: Session) => {
    units.attach(session.lease);
    return campaign({ store, clock, log, machineId: machine.id, candidate }, session, (leadership) =>
      runEngine({ store, clock, log, sessionSince: session.since, ...calls }, leadership),
    );
  };
  const ttl = leaseTtl === undefined ? {} : { ttl: leaseTtl };
  const told = options.onStanding === undefined ? {} : { onStanding: options.onStanding };
  await Promise.all([
    units.run(signal),
    keepSession({ store, clock, log, machine, ...ttl, ...told }, signal, whileMember),
  ]);
}
