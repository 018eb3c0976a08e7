import * as z from 'zod';
import { createAuthority } from '../../pki/authority.ts';
import { inspectCertificate } from '../../pki/inspect.ts';
import { privateNames, serviceNames } from '../../pki/name-constraints.ts';
import type { ResourceHandler } from '../resource.ts';
import { forgetIdentities } from './identity-record.ts';

/** States of earlier versions know of machines alone. */
const inputs = z.object({
  commonName: z.string(),
  names: z.enum(['machines', 'services']).default('machines'),
});
const outputs = z.object({ certificate: z.string(), privateKey: z.string() });

const permitted = { machines: privateNames, services: serviceNames };

/** A certificate authority of a cluster. */
export const pki: ResourceHandler<z.output<typeof inputs>, z.output<typeof outputs>> = {
  inputs,
  outputs,
  computed: ['certificate', 'privateKey'],
  changes: { commonName: 'ignore', names: 'ignore' },
  async create({ commonName, names }) {
    const authority = await createAuthority({ name: commonName, permitted: permitted[names] });
    const { fingerprint } = inspectCertificate(authority.certificate);
    return { id: fingerprint.slice(0, 16), outputs: { ...authority } };
  },

  /** Every stack has one, whatever its platform, and whom it trusted is of no use without it. */
  async delete(_id, _old, { stack }) {
    await forgetIdentities(stack);
  },
};
