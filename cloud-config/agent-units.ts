import type { SystemdUnit } from './machine-config.ts';

/** Where the bundle, its configuration and its certificate go; the Agents resource writes them over SSH. */
export const agentPaths = {
  bundle: '/opt/flotilla/agent.mjs',
  config: '/etc/flotilla/agent.json',
  /** Written last: it says that all the others are in place. */
  ready: '/etc/flotilla/agent.ready',
} as const;

/**
 * The agent comes after the machine: at first boot there is no bundle yet, so the path unit waits for it.
 * KillMode=process keeps whatever the agent started out of reach of its own restart.
 */
const service = `[Unit]
Description=Flotilla agent
After=network-online.target
Wants=network-online.target
ConditionPathExists=${agentPaths.ready}

[Service]
Type=exec
ExecStart=/usr/bin/node ${agentPaths.bundle} ${agentPaths.config}
Restart=always
RestartSec=2
# A machine whose agent does not get to renew its lease counts as dead, however busy it is.
CPUWeight=1000
Nice=-5
OOMScoreAdjust=-900
KillMode=process
RuntimeDirectory=flotilla
RuntimeDirectoryPreserve=yes
`;

const path = `[Unit]
Description=Start the Flotilla agent once its bundle is here

[Path]
PathExists=${agentPaths.ready}

[Install]
WantedBy=multi-user.target
`;

export const agentUnits: readonly SystemdUnit[] = [
  { name: 'flotilla-agent.service', contents: service, enabled: false },
  { name: 'flotilla-agent.path', contents: path, enabled: true },
];
