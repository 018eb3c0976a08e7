import type { SystemdUnit } from './machine-config.ts';

/** Link-local, the same in every cloud. What it tells includes user data, and on some clouds credentials. */
const metadataService = '169.254.169.254';

/**
 * The raw table's PREROUTING sees what arrives at the machine, from a container's bridge among others, and nothing that
 * the machine itself sends: cloud-init and root go on asking. Docker keeps its own rules in other tables and never
 * flushes this one, so the rule needs no Docker to be there first. iptables is what Docker itself depends on.
 */
const rule = `PREROUTING --destination ${metadataService} --jump DROP`;

/**
 * Keeps containers from a cloud's metadata service; those with the host's own network (`--network host`) are the host.
 * RequiredBy: no rule, no Docker.
 */
export const metadataGuard: SystemdUnit = {
  name: 'flotilla-metadata-guard.service',
  contents: `[Unit]
Description=Keep containers from the cloud's metadata service
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/iptables --wait --table raw --insert ${rule}
ExecStop=/usr/sbin/iptables --wait --table raw --delete ${rule}

[Install]
WantedBy=multi-user.target
RequiredBy=docker.service
`,
  enabled: true,
};
