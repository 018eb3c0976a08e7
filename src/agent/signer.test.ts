import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceLeaf } from '../model/service-leaf.ts';
import { type Authority, createAuthority } from '../pki/authority.ts';
import { serviceNames } from '../pki/name-constraints.ts';
import { serviceCertificateProblem } from '../pki/service-leaf.ts';
import { createSigningRequest } from '../pki/signing-request.ts';
import { bundleSignerThread } from './bundle.ts';
import { ThreadSigner } from './signer.ts';

const leaf: ServiceLeaf = {
  unit: 'app@1.service',
  machine: 'core-1',
  address: '10.0.0.1',
  services: ['app'],
};
let authority: Authority;
let source: string;
let signer: ThreadSigner;

beforeAll(async () => {
  [authority, source] = await Promise.all([
    createAuthority({ name: 'services', permitted: serviceNames }),
    bundleSignerThread(),
  ]);
});

afterEach(() => signer.end());

describe('a signer in a thread', () => {
  test('signs what it is asked at one time, each for its own key', async () => {
    signer = new ThreadSigner(source);
    const requests = [createSigningRequest(), createSigningRequest(), createSigningRequest()];
    const signed = await Promise.all(requests.map(({ csr }) => signer.sign({ authority, csr, leaf })));
    for (const [at, { privateKey }] of requests.entries()) {
      const given = { certificate: signed[at] ?? '', privateKey, authority: authority.certificate };
      expect(serviceCertificateProblem(given, leaf)).toBeUndefined();
    }
  });

  test('says why it signs nothing, and signs the next', async () => {
    signer = new ThreadSigner(source);
    await expect(signer.sign({ authority, csr: 'none', leaf })).rejects.toThrow(
      'core-1: the certificate request for app@1.service is none: "none"',
    );
    const { csr } = createSigningRequest();
    expect(await signer.sign({ authority, csr, leaf })).toContain('BEGIN CERTIFICATE');
  });

  test.each([
    ['throws', 'throw new Error("no room")', 'no room'],
    ['ends', 'process.exit(3)', 'the thread that signs ended with 3'],
  ])('whose thread %s leaves nobody waiting, and the next one has a new thread', async (_, program, says) => {
    signer = new ThreadSigner(program);
    const { csr } = createSigningRequest();
    for (const _ of [1, 2]) await expect(signer.sign({ authority, csr, leaf })).rejects.toThrow(says);
  });

  test('that ends leaves nobody waiting', async () => {
    signer = new ThreadSigner('setInterval(() => undefined, 1000)');
    const { csr } = createSigningRequest();
    const signing = expect(signer.sign({ authority, csr, leaf })).rejects.toThrow('the agent ends');
    await signer.end();
    await signing;
  });
});
