import { agentFiles } from '../src/model/agent-files.ts';
import type { SystemdUnit } from './machine-config.ts';

/**
 * On an emulated processor code that is made while it runs is dear: QEMU translates each piece anew, and each time that
 * its page is written to. So V8 makes none there (`--jitless`): the agent starts in two thirds of the time and works in
 * half (docs/decisions/0019-agent-without-jit.md).
 */
const withoutJit = 'Environment=NODE_OPTIONS=--jitless\n';

interface AgentUnitOptions {
  /** Whether the machine's processor is emulated, or may be. */
  readonly emulated: boolean;
  /** Path of Node.js on the machine. */
  readonly node: string;
}

/**
 * The agent comes after the machine: at first boot there is no bundle yet, so the path unit waits for it.
 * KillMode=process keeps whatever the agent started out of reach of its own restart.
 */
const service = ({ emulated, node }: AgentUnitOptions) => `[Unit]
Description=Flotilla agent
After=network-online.target
Wants=network-online.target
ConditionPathExists=${agentFiles.ready}

[Service]
Type=exec
ExecStart=${node} ${agentFiles.bundle} ${agentFiles.config}
Restart=always
RestartSec=2
# A machine whose agent does not get to renew its lease counts as dead, however busy it is.
CPUWeight=1000
Nice=-5
OOMScoreAdjust=-900
# glibc keeps what was freed, per thread. 8 to 12 MB less; the agent's work is small and rare.
Environment=MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536
${emulated ? withoutJit : ''}KillMode=process
RuntimeDirectory=flotilla
RuntimeDirectoryPreserve=yes
`;

const path = `[Unit]
Description=Start the Flotilla agent once its bundle is here

[Path]
PathExists=${agentFiles.ready}

[Install]
WantedBy=multi-user.target
`;

export function agentUnits(options: AgentUnitOptions): readonly SystemdUnit[] {
  return [
    { name: 'flotilla-agent.service', contents: service(options), enabled: false },
    { name: 'flotilla-agent.path', contents: path, enabled: true },
  ];
}
