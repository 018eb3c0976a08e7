import { X509Certificate } from 'node:crypto';

export interface CertificateFacts {
  readonly commonName: string;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** What it may be used for; others than these two are left out. */
  readonly usages: readonly ('client' | 'server')[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
}

/**
 * What a status line or a decision to renew needs to know.
 *
 * @throws when the text is no certificate.
 */
export function inspectCertificate(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const alternatives = (certificate.subjectAltName ?? '').split(', ');
  return {
    commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '',
    names: withPrefix(alternatives, 'DNS:'),
    addresses: withPrefix(alternatives, 'IP Address:'),
    usages: (certificate.keyUsage ?? []).flatMap((each) => usages.get(each) ?? []),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** True when `issuer` signed `pem`, whatever their dates. */
export function isIssuedBy(pem: string, issuer: string): boolean {
  const authority = new X509Certificate(issuer);
  const certificate = new X509Certificate(pem);
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** True in the last third of its life: early enough that one missed renewal does no harm. */
export function isDueForRenewal({ notBefore, notAfter }: CertificateFacts, now: Date = new Date()): boolean {
  const life = notAfter.getTime() - notBefore.getTime();
  return now.getTime() >= notAfter.getTime() - life / 3;
}

/** Extended key usages by their object identifiers (RFC 5280 section 4.2.1.12). */
const usages: ReadonlyMap<string, 'client' | 'server'> = new Map([
  ['1.3.6.1.5.5.7.3.1', 'server'],
  ['1.3.6.1.5.5.7.3.2', 'client'],
]);

function withPrefix(alternatives: readonly string[], prefix: string): readonly string[] {
  return alternatives.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
}
