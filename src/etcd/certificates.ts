import type { Authority } from '../pki/authority.ts';
import { inspectCertificate, isDueForRenewal, isIssuedBy } from '../pki/inspect.ts';
import { signLeaf } from '../pki/leaf.ts';
import type { KeyFile } from '../pki/remote.ts';
import { rootUser } from './access.ts';
import { type EtcdMember, memberCommonName } from './cluster.ts';
import type { CertificateState } from './membership.ts';

/** A certificate and the name of the key it belongs to. */
export interface SignedCertificate {
  readonly name: string;
  /** PEM */
  readonly certificate: string;
}

/** Private keys a member's machine makes: etcd's own, and one for people who log in there. */
export function memberKeys(administrator: string, owner = 'etcd'): readonly KeyFile[] {
  return [
    { name: 'etcd', owner },
    { name: 'etcdctl', owner: administrator },
  ];
}

/** A member is dialed at its address by peers, clients and machines, and at 127.0.0.1 by its own machine. */
function memberAddresses(member: EtcdMember): readonly string[] {
  return [...new Set([member.address, '127.0.0.1'])];
}

function memberNames(member: EtcdMember): readonly string[] {
  return ['localhost', `${member.name}.internal`];
}

/**
 * Signs a member's certificates. etcd uses its own as a client too, towards its peers and in its gateway, so it
 * carries both usages.
 *
 * @param csrs by key name
 * @param days validity
 */
export async function signMember(
  authority: Authority,
  member: EtcdMember,
  csrs: ReadonlyMap<string, string>,
  days: number,
): Promise<readonly SignedCertificate[]> {
  const etcd = signLeaf({
    machine: member.name,
    authority,
    days,
    csr: csrs.get('etcd') ?? '',
    commonName: memberCommonName,
    names: memberNames(member),
    addresses: memberAddresses(member),
    usages: ['server', 'client'],
  });
  const etcdctl = signLeaf({
    machine: member.name,
    authority,
    days,
    csr: csrs.get('etcdctl') ?? '',
    commonName: rootUser,
    usages: ['client'],
  });
  return [
    { name: 'etcd', certificate: await etcd },
    { name: 'etcdctl', certificate: await etcdctl },
  ];
}

export function certificateState(
  pem: string,
  member: EtcdMember,
  authority: Authority,
  now: Date = new Date(),
): CertificateState {
  if (pem === '') return 'missing';
  const facts = inspectCertificate(pem);
  const fits =
    facts.commonName === memberCommonName &&
    memberAddresses(member).every((address) => facts.addresses.includes(address)) &&
    isIssuedBy(pem, authority.certificate) &&
    !isDueForRenewal(facts, now);
  return fits ? 'good' : 'unfit';
}
