import { onMachine } from './observe.ts';
import type { Stack } from './stack.ts';

/** What only one machine may have, by kind. No key is shown: of the private ones, the hash of the public half. */
export async function identityOf(stack: Stack, machine: string): Promise<Record<string, string>> {
  const output = await onMachine(stack, machine, ['sudo', 'sh', '-c', identityScript]);
  return Object.fromEntries(output.split('\n').map((line) => line.split('=', 2)));
}

const identityScript = `
set -eu
echo "machine-id=$(cat /etc/machine-id)"
echo "systemd-machine-id=$(busctl call org.freedesktop.systemd1 / org.freedesktop.DBus.Peer GetMachineId)"
echo "hostname=$(hostname)"
echo "host-key=$(ssh-keygen -y -f /etc/ssh/flotilla_host_ed25519_key)"
echo "agent-key=$(openssl pkey -in /etc/flotilla/pki/agent.key -pubout | sha256sum)"
echo "random=$(od -An -tx8 -N16 /dev/urandom)"
echo "journal=$(journalctl --header | sed -n 's/^Sequential number ID: //p' | sort -u)"
echo "random-seed=$(sha256sum < /var/lib/systemd/random-seed)"
echo "duid=$(networkctl status eth1 | sed -n 's/.*Client DUID: //p')"
echo "lan=$(cat /sys/class/net/eth0/address)"
`;
