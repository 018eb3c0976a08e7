import * as pulumi from '@pulumi/pulumi';
import { Cluster, UnitSet } from 'flotilla';

const config = new pulumi.Config();

/** One machine each, on this computer: two GiB of memory in all. */
const core = { count: 1, etcd: true, metadata: { role: 'core' } };

const blue = new Cluster('blue', { machines: { core: { ...core, publish: { 8081: 8080 } } } });

/** `pulumi config set workers 2 && pulumi up` scales it. */
const green = new Cluster('green', {
  machines: { core, worker: { count: config.getNumber('workers') ?? 0 } },
});

const clock = new UnitSet('clock', { cluster: blue, folders: ['units/clock'] });

/** A unit that the program writes itself. */
const echo = new UnitSet('echo', {
  cluster: green,
  units: {
    'echo.service': {
      contents: `[Service]
ExecStart=/bin/sh -c 'while :; do echo "${config.get('words') ?? 'hello'}"; sleep 60; done'
`,
    },
  },
});

export const machines = { blue: blue.machines, green: green.machines };
export const published = blue.published;
export const units = { blue: clock.placements, green: echo.placements };
