import * as z from 'zod';
import type { Immutable } from './immutable.ts';

export const certificateRequestSchema = z.object({
  unit: z.string(),
  machineId: z.string(),
  /** PKCS#10, PEM: its public key alone counts. The private one never leaves the machine. */
  csr: z.string(),
});

/** What a machine asks to have signed for a unit: `/flotilla/certificate-requests/<machine id>/<unit>`. */
export type CertificateRequest = Immutable<z.infer<typeof certificateRequestSchema>>;

export const issuedCertificateSchema = z.object({
  unit: z.string(),
  machineId: z.string(),
  /** sha256 of the request's `csr`, lower-case hex: which request it answers. */
  request: z.string(),
  /** PEM; absent when it was refused. */
  certificate: z.string().exactOptional(),
  /** The `Reason` why nothing was signed; absent when something was. */
  refused: z.string().exactOptional(),
});

/** The leader's answer to a request: `/flotilla/certificates/<machine id>/<unit>`. It goes when the request does. */
export type IssuedCertificate = Immutable<z.infer<typeof issuedCertificateSchema>>;
