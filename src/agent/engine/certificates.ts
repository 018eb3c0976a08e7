import type { CertificateRequest, IssuedCertificate } from '../../model/certificate.ts';
import { messageOf } from '../../model/message-of.ts';
import { pairOf } from '../../model/placement.ts';
import type { ServiceLeaf } from '../../model/service-leaf.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { certificateKey, encodeCertificate, requestKey } from '../../store/keys.ts';
import type { Operation } from '../../store/store.ts';
import { hashOf } from '../../unit/hash.ts';
import type { FactsOf } from './unit-facts.ts';

/** Signs for the public key in a CSR, with the key of the authority for services. Rejects when it does not. */
export type SignServiceLeaf = (csr: string, leaf: ServiceLeaf) => Promise<string>;

/** A request that the engine's own decisions bear out. */
export interface Signing {
  readonly request: CertificateRequest;
  /** What the certificate will say: nothing of it is the machine's word. */
  readonly leaf: ServiceLeaf;
}

export interface SigningPlan {
  readonly sign: readonly Signing[];
  /** Keys that are of no use to anybody any more. */
  readonly gone: readonly string[];
}

/** Certificates that are signed at one look, so that decisions never wait for long. */
const most = 16;

/**
 * Which requests are to be signed. A machine's request is its own word, and who has broken into one can write any; so
 * it gets certificates only for units that the engine placed there, whose files ask for one, with the services of that
 * file and the name and address that the stack knows.
 */
export function signingPlan(cluster: ClusterState, factsOf: FactsOf): SigningPlan {
  // As it is at nearly every look.
  if (cluster.requests.length + cluster.certificates.length === 0) return { sign: [], gone: [] };
  const placed = new Map(cluster.placements.map((placement) => [pairOf(placement), placement]));
  const machines = new Map(cluster.machines.map((machine) => [machine.id, machine]));
  const answered = new Map(cluster.certificates.map((issued) => [pairOf(issued), issued]));
  const asked = new Set(cluster.requests.map(pairOf));
  const sign: Signing[] = [];
  const unasked: string[] = [];
  for (const request of cluster.requests) {
    const { unit, machineId } = request;
    const hash = placed.get(pairOf(request))?.hash;
    const facts = hash === undefined ? undefined : factsOf(unit, hash)?.flotilla;
    if (hash === undefined || (facts && !facts.certificate)) unasked.push(requestKey(machineId, unit));
    const machine = machines.get(machineId);
    if (!facts?.certificate || !machine || isSigned(request, answered.get(pairOf(request)))) continue;
    const services = facts.services.map(({ name }) => name);
    sign.push({ request, leaf: { unit, machine: machine.name, address: machine.address, services } });
  }
  // Whoever asked has taken what was signed, or gave up: both keys are there for the time in between only.
  const taken = cluster.certificates.filter((issued) => !asked.has(pairOf(issued)));
  return { sign, gone: [...unasked, ...taken.map(({ machineId, unit }) => certificateKey(machineId, unit))] };
}

/** A refusal is not for ever: another leader may have what this one lacks. */
function isSigned({ csr }: CertificateRequest, issued: IssuedCertificate | undefined): boolean {
  return issued?.certificate !== undefined && issued.request === hashOf(csr);
}

/** Answers what machines ask to have signed. */
export class Certificates {
  readonly #sign: SignServiceLeaf | undefined;
  /** Refusals by request, each told once by this leader. */
  #refused: ReadonlySet<string> = new Set();

  constructor(sign: SignServiceLeaf | undefined) {
    this.#sign = sign;
  }

  /** What is to be written. What is left has its turn at the next look, which the change of a key leads to. */
  async look(cluster: ClusterState, factsOf: FactsOf): Promise<readonly Operation[]> {
    const { sign, gone } = signingPlan(cluster, factsOf);
    const known = this.#refused;
    const open = sign.filter(({ request }) => !known.has(hashOf(request.csr)));
    this.#refused = new Set(sign.map(({ request }) => hashOf(request.csr)).filter((hash) => known.has(hash)));
    const answers = await Promise.all(open.slice(0, most).map((signing) => this.#answer(signing)));
    return [
      ...gone.map((key): Operation => ({ delete: key })),
      ...answers.map(
        (issued): Operation => ({
          put: certificateKey(issued.machineId, issued.unit),
          value: encodeCertificate(issued),
        }),
      ),
    ];
  }

  async #answer({ request: { unit, machineId, csr }, leaf }: Signing): Promise<IssuedCertificate> {
    const answer = { unit, machineId, request: hashOf(csr) };
    try {
      if (!this.#sign) throw new Error(noKey);
      return { ...answer, certificate: await this.#sign(csr, leaf) };
    } catch (error) {
      this.#refused = new Set([...this.#refused, answer.request]);
      return { ...answer, refused: messageOf(error) };
    }
  }
}

const noKey = 'the machine that leads has no key of the authority for services; `npm run up` delivers it';
