import type { UnitFile } from '../model/unit.ts';
import { etcdPaths } from './files.ts';

/**
 * `etcd.service` in /etc/systemd/system, where it comes before the package's own, and `etcd.path`. Both are to be
 * enabled; before bootstrap the service's conditions keep it down.
 *
 * @param program path of etcd's server on the machine
 * @param emulated whether the machine's processor is emulated, or may be
 */
export function etcdUnits(program: string, emulated: boolean): readonly UnitFile[] {
  return [
    { name: 'etcd.service', contents: service(program, emulated) },
    { name: 'etcd.path', contents: path },
  ];
}

const paths = etcdPaths();

/**
 * As long as a Go program is not wholly idle, a thread of its runtime sleeps for 20 microseconds again and again. Each
 * time costs an emulated processor 0.3 ms; with timers that may be late, an idle member takes half as much of it.
 */
const lateTimers = 'TimerSlackNSec=10ms\n';

/*
 * Type=notify reports ready once the member is in a quorum, which may take any time: hence no start timeout.
 * etcd exits 1 for reasons that pass (no address yet, disk full) and 0 when it was removed from the cluster, so
 * on-failure restarts the first and leaves the second alone; the package's on-abnormal would never restart exit 1.
 */
const service = (program: string, emulated: boolean) => `[Unit]
Description=etcd, the memory of the cluster
Documentation=man:etcd(1)
Wants=network-online.target
After=network-online.target
ConditionPathExists=${paths.pki}/etcd.crt
ConditionPathExists=${paths.clusterEnvironment}
StartLimitIntervalSec=0

[Service]
Type=notify
User=etcd
EnvironmentFile=${paths.environment}
EnvironmentFile=${paths.clusterEnvironment}
StateDirectory=etcd/flotilla
StateDirectoryMode=0700
ExecStart=${program}
TimeoutStartSec=infinity
Restart=on-failure
RestartSec=5
LimitNOFILE=65536
CPUWeight=1000
Nice=-10
OOMScoreAdjust=-900
${emulated ? lateTimers : ''}
[Install]
WantedBy=multi-user.target
`;

/*
 * PathChanged, not PathExists: the latter starts etcd again the moment somebody stops it (systemd.path(5)), and
 * membership changes need it stopped. The file is the last one that bootstrap writes.
 */
const path = `[Unit]
Description=Start etcd once the machine got its certificate and the list of members

[Path]
PathChanged=${paths.clusterEnvironment}

[Install]
WantedBy=multi-user.target
`;
