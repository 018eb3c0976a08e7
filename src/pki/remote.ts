import { upCommand } from '../model/up-command.ts';
import type { Command } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';

/** Where keys and certificates live on a machine: `<name>.key`, `<name>.crt`, `ca.crt`. */
const pkiDirectory = '/etc/flotilla/pki';

export interface KeyFile {
  /** File name without its ending: `etcd`. */
  readonly name: string;
  /** The user that may read the key. */
  readonly owner: string;
}

/**
 * Makes missing private keys on the machine and prints a PKCS#10 request for each. A key that is there is used
 * again, so the command can be repeated. The private key stays where it is.
 */
export function csrCommand(keys: readonly KeyFile[], directory = pkiDirectory): Command {
  const body = `${requestCertificates}request_certificates "$@"\n`;
  return script('flotilla-csr', body, requestArguments(keys, directory), { root: true });
}

/** What the shell's `request_certificates` wants to be called with. */
export function requestArguments(keys: readonly KeyFile[], directory = pkiDirectory): readonly string[] {
  return [directory, ...keys.flatMap(({ name, owner }) => [name, owner])];
}

/**
 * A shell function for scripts that do something besides. A key appears under its name only when it is whole. The
 * folders are open to all, those above it too: etcd is no root and has to get at its key. The subject is ours to set, so
 * the request names none.
 */
export const requestCertificates = `
request_certificates() (
  set -eu
  directory=$1; shift
  umask 022
  mkdir -p "$directory"
  chmod 0755 "$directory"
  umask 077
  while [ $# -gt 0 ]; do
    key=$directory/$1.key
    if [ ! -s "$key" ]; then
      openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$key.new"
      chown "$2:" "$key.new"
      mv "$key.new" "$key"
    fi
    openssl req -new -key "$key" -subj /CN=flotilla
    shift 2
  done
)
`;

/** Whether the text is a request and not a certificate. */
export function isCsr(pem: string): boolean {
  return pem.startsWith('-----BEGIN CERTIFICATE REQUEST-----');
}

/**
 * The requests in the order of the keys they were asked for.
 *
 * @throws when their number differs.
 */
export function parseCsrs(
  machine: string,
  stdout: string,
  keys: readonly KeyFile[],
): ReadonlyMap<string, string> {
  const blocks =
    stdout.match(/-----BEGIN CERTIFICATE REQUEST-----[\s\S]*?-----END CERTIFICATE REQUEST-----\n?/g) ?? [];
  if (blocks.length !== keys.length) {
    throw new Error(
      `${machine} printed ${blocks.length} certificate requests, expected ${keys.length}. ` +
        `See whether openssl works there; then ${upCommand()} goes on from here`,
    );
  }
  return new Map(keys.map(({ name }, i) => [name, blocks[i] ?? '']));
}
