import type { Machine } from './machine.ts';

/** What units read by `EnvironmentFile=`, and logins by pam_env(8). Others have lines there too. */
export const environmentFile = '/etc/environment';

/** What a machine is called and where it is, under CoreOS's names, by which old units look for it, and under ours. */
function variablesOf({ name, address }: Pick<Machine, 'name' | 'address'>) {
  return {
    COREOS_PRIVATE_IPV4: address,
    COREOS_PUBLIC_IPV4: address,
    FLOTILLA_MACHINE: name,
    FLOTILLA_ADDRESS: address,
  };
}

/** Our lines of the machine's /etc/environment; all others are its owner's. */
export function environmentLines(machine: Pick<Machine, 'name' | 'address'>): string {
  return Object.entries(variablesOf(machine))
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

const names = Object.keys(variablesOf({ name: '', address: '' })).join('|');

/** Extended regular expression: whatever systemd.exec(5) or pam_env(8) would take for one of our variables. */
export const ourVariables = `^[[:space:]]*(export[[:space:]]+)?(${names})[[:space:]]*=`;
