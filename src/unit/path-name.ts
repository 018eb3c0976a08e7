/**
 * The name that systemd demands of the mount, automount or swap unit for a path, as `systemd-escape --path` gives
 * it: slashes become dashes, and every other character outside of a small set is written as `\x2d`.
 */
export function unitNameOfPath(path: string, suffix: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `${parts.length === 0 ? '-' : parts.map(escapePart).join('-').replace(/^\./, '\\x2e')}${suffix}`;
}

function escapePart(part: string): string {
  return [...new TextEncoder().encode(part)]
    .map((byte) => String.fromCharCode(byte))
    .map((char) =>
      /[A-Za-z0-9:_.]/.test(char) ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
    .join('');
}
