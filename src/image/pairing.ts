import type { TlsOptions } from 'node:tls';

/**
 * TLS between two machines of one push by a key that both were handed over SSH, and that ends with the push: each
 * proves to the other that it has it, and no certificate is made, kept or trusted. The suites agree on a key for each
 * connection (RFC 8446, psk_dhe_ke), so what was recorded can't be read later.
 */
const identity = 'flotilla-image-push';
const common = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
} as const;

export function pairingServer(key: string): TlsOptions {
  return {
    ...common,
    pskCallback: (_socket, name) => (name === identity ? Buffer.from(key, 'hex') : null),
  };
}

export function pairingClient(key: string) {
  return {
    ...common,
    pskCallback: () => ({ psk: Buffer.from(key, 'hex'), identity }),
    // There is no certificate whose name could be checked.
    checkServerIdentity: () => undefined,
  };
}
