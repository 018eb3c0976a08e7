/** Who a service's certificate is for: what the signer has to know, and what the machine checks that it got. */
export interface ServiceLeaf {
  readonly unit: string;
  /** The machine's name. */
  readonly machine: string;
  /** The machine's IPv4 address on the cluster network. */
  readonly address: string;
  /** Names of the services that the unit offers. */
  readonly services: readonly string[];
}

/** Below this domain, and nowhere else, the authority for services may vouch for names. */
export const serviceDomain = 'services.internal';

/** The DNS name by which others know a service in its certificate. */
export function serviceHost(service: string): string {
  return `${service}.${serviceDomain}`;
}

/** No service's, since theirs have one label before the domain. */
const noService = serviceHost('client.units');

/**
 * The DNS names of a certificate, never none: OpenSSL takes the subject's common name for a DNS name where there is no
 * other, and `backup.service` is none that the authority may vouch for.
 */
export function namesOf({ services }: Pick<ServiceLeaf, 'services'>): readonly string[] {
  return services.length > 0 ? services.map(serviceHost) : [noService];
}
