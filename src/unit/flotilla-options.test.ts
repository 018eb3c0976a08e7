import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkOptions } from './check-options.ts';
import { type FlotillaOption, flotillaReaders, readFlotillaOptions } from './flotilla-options.ts';
import { parseUnit } from './parse.ts';

const options = (lines: string) => parseUnit(`[X-Flotilla]\n${lines}\n`).options;
const readLines = (lines: string, unit = 'web@2.service') => readFlotillaOptions(unit, options(lines));
const defaults = {
  weight: 1,
  conditions: [],
  fence: 'keep',
  afterReady: [],
  services: [],
  deregistrationDelay: 5,
  rollout: { maxUnavailable: 1, rollback: true, deadline: 300 },
};

describe('readFlotillaOptions', () => {
  test('fills in the defaults', () => {
    expect(readFlotillaOptions('a.service', [])).toEqual(defaults);
    expect(readLines('')).toEqual(defaults);
  });

  test('reads every option', () => {
    const lines = [
      ...['Weight=5', 'Spread=zone', 'MaxPerMachine=2', 'Fence=stop', 'MaxUnavailable=3', 'Rollback=no'],
      ...['RolloutDeadline=2min', 'Ready=http :8080/health?of=%i', 'ReadyInterval=500ms', 'ReadyTimeout=1s'],
      ...['MachineMetadata="disk!=hdd" "cpus>=4"', 'MachineMetadata=region in (eu, us)'],
      ...['AfterReady=db.service %p-cache@%i.service', 'AfterReady=db.service'],
      ...['Service=%p', 'Port=500%i', 'Service=admin', 'ServiceKey=/app/%p/%i', 'Port=9000'],
      ...['DeregistrationDelay=1min', 'Template=nginx.toml log@.toml', 'Template=nginx.toml'],
      ...['Image=registry.example:5000/team/%p:1 %p:%i', 'Image=web:2'],
      ...['Certificate=yes', 'CertificateOwner=%p'],
    ];
    expect(readLines(lines.join('\n'))).toEqual({
      ...{ weight: 5, spread: 'zone', maxPerMachine: 2, fence: 'stop' },
      conditions: [
        { key: 'disk', operator: '!=', values: ['hdd'] },
        { key: 'cpus', operator: '>=', values: ['4'] },
        { key: 'region', operator: 'in', values: ['eu', 'us'] },
      ],
      readiness: {
        probe: { kind: 'http', port: 8080, path: '/health?of=2' },
        ...{ interval: 0.5, timeout: 1 },
      },
      afterReady: ['db.service', 'web-cache@2.service'],
      services: [
        { name: 'web', port: 5002 },
        { name: 'admin', port: 9000, key: '/app/web/2' },
      ],
      deregistrationDelay: 60,
      templates: ['nginx.toml', 'log@.toml'],
      images: ['registry.example:5000/team/web:1', 'web:2'],
      certificate: { owner: 'web' },
      rollout: { maxUnavailable: 3, rollback: false, deadline: 120 },
    });
  });

  test.each([
    ['http :80', { kind: 'http', port: 80, path: '/' }],
    ['http   :8080/a%%20b', { kind: 'http', port: 8080, path: '/a%20b' }],
    ['tcp :%i', { kind: 'tcp', port: 2 }],
    ['notify', { kind: 'notify' }],
    [
      'exec /usr/bin/check %i "a %n" \\x25',
      { kind: 'exec', argv: ['/usr/bin/check', '2', 'a web@2.service', '%'] },
    ],
    ['exec /bin/sh -c \\\n  "true"', { kind: 'exec', argv: ['/bin/sh', '-c', 'true'] }],
  ])('Ready=%s', (text, probe) =>
    expect(readLines(`Ready=${text}`).readiness).toEqual({ probe, interval: 5, timeout: 2 }),
  );

  test.each([
    ['disk=ssd', { key: 'disk', operator: '=', values: ['ssd'] }],
    ['cpus < 2.5', { key: 'cpus', operator: '<', values: ['2.5'] }],
    ['zone=%i', { key: 'zone', operator: '=', values: ['2'] }],
    ['region not in (eu)', { key: 'region', operator: 'not in', values: ['eu'] }],
    ['region   not  in(eu,us,eu)', { key: 'region', operator: 'not in', values: ['eu', 'us'] }],
  ])('MachineMetadata=%s', (text, condition) =>
    expect(readLines(`MachineMetadata=${text}`).conditions).toEqual([condition]),
  );

  test('passes over what is malformed, and of repeated options the last counts', () => {
    expect(readLines('Weight=x\nFence=maybe\nReady=ping\nMachineMetadata=ssd\nService=App\nPort=1')).toEqual(
      defaults,
    );
    expect(readLines('Weight=2\nWeight=3').weight).toBe(3);
    expect(readLines('Port=1\nService=a\nService=b\nPort=x').services).toEqual([]);
    const twice = 'Service=a\nPort=1\nPort=2\nService=b\nPort=3\nService=a\nPort=4';
    expect(readLines(twice).services).toEqual([
      { name: 'a', port: 4 },
      { name: 'b', port: 3 },
    ]);
  });
});

describe('checkOptions of [X-Flotilla]', () => {
  const check = (lines: string, unit = 'web@1.service') =>
    checkOptions(unit, [...options(lines)]).map(({ line, message, fix }) => `${line}: ${message}; ${fix}`);

  test.each([
    'Weight=0',
    'Spread=zone\nMaxPerMachine=1\nMaxUnavailable=2\nRollback=false\nRolloutDeadline=90',
    'MachineMetadata="disk!=hdd" "cpus>=4"\nMachineMetadata=region not in (eu,us)',
    'Ready=tcp :5432\nReadyInterval=1\nReadyTimeout=2min',
    'Ready=notify\n[Service]\nType=notify',
    'AfterReady=db.service web@2.service\nFence=stop',
    'MaxUnavailable=3\n[X-Fleet]\nGlobal=true',
    'Service=app\nPort=500%i\nService=app-admin\nPort=65535',
    'Service=app\nPort=80\nServiceKey=/app/server/%i\nService=b\nServiceKey=/%n\nPort=81',
    'Service=app\nPort=80\nDeregistrationDelay=0',
    'Service=%p\nPort=80\n[Service]\nType=oneshot\nRemainAfterExit=yes',
    'Certificate=yes\nCertificateOwner=1000\n[Service]\nType=oneshot',
  ])('accepts %j', (lines) => expect(check(lines)).toEqual([]));

  test.each([
    ['Wieght=2', '2: unknown option "Wieght" in [X-Flotilla]; did you mean "Weight"?'],
    ['Cheese=2', '2: unknown option "Cheese" in [X-Flotilla]; the options are Weight, Spread, MaxPerMachine'],
    ['MachineOf=a.service', '2: option "MachineOf" in [X-Flotilla]; move it to [X-Fleet]'],
    ['[X-Fleet]\nWeight=2', '3: option "Weight" in [X-Fleet]; move it to [X-Flotilla]'],
    ['Weight=', '2: Weight= is empty; give a whole number from 0 to 1000000, or remove the line'],
    ['Weight=1.5', '2: Weight=1.5 is not a whole number from 0 to 1000000; give'],
    ['Weight=2\nWeight=3', '3: Weight= is given more than once; keep one line'],
    ['Spread=zone=a', '2: Spread=zone=a is not a metadata key; give the key alone'],
    ['MaxPerMachine=0', '2: MaxPerMachine=0 is not a whole number from 1'],
    ['Fence=yes', '2: Fence=yes is not stop or keep'],
    ['Rollback=perhaps', '2: Rollback=perhaps is not a boolean; write true or false'],
    [
      'Service=a\nPort=1\nDeregistrationDelay=1h',
      '4: DeregistrationDelay=1h is not a time span of 10 minutes',
    ],
    ['DeregistrationDelay=1s', '2: DeregistrationDelay= is about services, and this unit has none'],
    ['Image=', '2: Image= is empty; write it as machines have it, with a tag'],
    ['Image=app:1 db', '2: Image=db is not the name of an image with its tag'],
    ['Certificate=app', '2: Certificate=app is not a boolean; write true or false'],
    [
      'Certificate=yes\nCertificateOwner=Bob',
      '3: CertificateOwner=Bob is not a user of the machine; give a name or a number',
    ],
    ['CertificateOwner=1000', '2: CertificateOwner= is about a certificate, and the unit has none; add'],
    [
      'Certificate=no\nCertificateOwner=1000',
      '3: CertificateOwner= is about a certificate, and the unit has none; add Certificate=yes',
    ],
    ['Template=', '2: Template= is empty; name a file beside the unit'],
    [
      'Template=conf.d/a.toml',
      '2: Template=conf.d/a.toml is not the name of a template resource; name a file',
    ],
    ['Template=a.tmpl', '2: Template=a.tmpl is not the name of a template resource'],
    ['Template=%p.toml', '2: Template=%p.toml is not the name of a template resource'],
    ['RolloutDeadline=infinity', '2: RolloutDeadline=infinity is not a time span above zero; write'],
    ['RolloutDeadline=0', '2: RolloutDeadline=0 is not a time span above zero'],
    ['MachineMetadata=disk', '2: MachineMetadata=disk is not a condition on metadata; write key=value'],
    ['MachineMetadata=disk==ssd', '2: MachineMetadata=disk==ssd is not a condition'],
    ['MachineMetadata=disk=>4', '2: MachineMetadata=disk=>4 is not a condition'],
    [
      'MachineMetadata=cpus>=many',
      '2: MachineMetadata=cpus>=many is not a comparison of numbers: "many" is none',
    ],
    ['MachineMetadata=region in ()', '2: MachineMetadata=region in () is not a condition'],
    ['MachineMetadata=host=%H', '2: MachineMetadata=host=%H contains %H; only %n, %N, %p and %i'],
    ['Ready=ping', '2: Ready=ping is not a probe that is known; write http :8080/path, tcp :5432, exec'],
    ['Ready=constructor', '2: Ready=constructor is not a probe that is known'],
    ['Ready=http host:80', '2: Ready=http host:80 is not an http probe of this machine'],
    ['Ready=tcp :70000', '2: Ready=tcp :70000 is not a tcp probe of this machine; write tcp :5432'],
    ['Ready=exec check', '2: Ready=exec check is not a program with its full path'],
    ['Ready=exec /bin/a "b', '2: Ready=exec /bin/a "b is not a program with its full path'],
    ['AfterReady=web@1.service', '2: AfterReady=web@1.service is not another unit: it names the unit itself'],
    ['AfterReady=web@.service', '2: AfterReady=web@.service is not a unit: web@.service is a template'],
    ['AfterReady=db', '2: AfterReady=db is not the name of a unit of the cluster; give full names'],
    ['AfterReady=docker.service', '2: AfterReady=docker.service is not the name of a unit of the cluster'],
    ['ReadyInterval=5', '2: ReadyInterval= needs a probe; add Ready=, or remove the line'],
    ['Service=App\nPort=1', '2: Service=App is not a DNS label in lower case; use letters a to z'],
    ['Service=a_b\nPort=1', '2: Service=a_b is not a DNS label in lower case'],
    ['Service=-a\nPort=1', '2: Service=-a is not a DNS label in lower case'],
    [`Service=${'a'.repeat(64)}\nPort=1`, 'is not a DNS label in lower case; use letters a to z, digits and'],
    ['Service=app', '2: Service=app has no port; add its Port= below it'],
    ['Service=a\nService=b\nPort=1', '2: Service=a has no port; add its Port= below it'],
    ['Port=1\nService=app\nPort=2', '2: Port= is of no service; put it below the Service= that it is of'],
    ['Service=app\nPort=0', '3: Port=0 is not a whole number from 1 to 65535; give'],
    ['Service=app\nPort=65536', '3: Port=65536 is not a whole number from 1 to 65535'],
    ['Service=app\nPort=1\nPort=2', '4: Port= is given more than once for Service=app; keep one line, or'],
    ['ServiceKey=/%i\nService=app\nPort=2', '2: ServiceKey= is of no service; put it below the Service='],
    [
      'Service=a\nPort=1\nServiceKey=app/%i',
      '4: ServiceKey=app/%i is not a key in etcd outside of /flotilla',
    ],
    ['Service=a\nPort=1\nServiceKey=/app/%i/', '4: ServiceKey=/app/%i/ is not a key in etcd outside'],
    [
      'Service=a\nPort=1\nServiceKey=/flotilla/units/%i',
      '4: ServiceKey=/flotilla/units/%i is not a key in etcd outside of /flotilla; write it as a path of letters',
    ],
    [
      'Service=a\nPort=1\nServiceKey=/%i\nServiceKey=/%n',
      '5: ServiceKey= is given more than once for Service=a',
    ],
    [
      'Service=a\nPort=1\nServiceKey=/app',
      '4: ServiceKey= is the same for all instances of the template; put',
    ],
    [
      'Service=a\nPort=1\nServiceKey=/%i\n[X-Fleet]\nGlobal=true',
      '4: ServiceKey= and Global= exclude each other; every machine would write the same key',
    ],
    [
      'Service=web\nPort=1\nService=%p\nPort=2',
      '4: Service=%p is given more than once; give each service of a unit a name of its own',
    ],
    [
      'Service=app\nPort=1\n[Service]\nType=oneshot',
      '2: Service= is found while the unit is active, and this one ends before it is; remove the line, or set',
    ],
    ['Spread=zone\n[X-Fleet]\nMachineOf=a.service', '2: Spread= has no say beside MachineOf= or MachineID='],
  ])('refuses %j', (lines, problem) => expect(check(lines)).toEqual([expect.stringContaining(problem)]));

  test('a certificate has room for names of 64 characters', () => {
    const [fits, long] = [56, 57].map((length) => `${'a'.repeat(length)}.service`);
    expect(check('Certificate=yes', fits)).toEqual([]);
    expect(check('Certificate=yes', long)).toEqual([expect.stringContaining('give the unit a shorter name')]);
  });

  test.each([
    ['', 'root'],
    ['User=app-%i', 'app-2'],
    ['User=app\nUser=', 'root'],
    ['User=app\nDynamicUser=yes', 'root'],
    ['User=app\nDynamicUser=no', 'app'],
  ])('with %j in [Service] the key of a certificate is its user’s', (lines, owner) => {
    const text = `[X-Flotilla]\nCertificate=yes\n[Service]\n${lines}\n`;
    expect(readFlotillaOptions('web@2.service', parseUnit(text).options).certificate).toEqual({ owner });
  });

  test('tells all problems of a line and of a section at once, in the order of the lines', () => {
    const lines = 'MachineMetadata="a" "b"\nReady=notify\nReadyTimeout=x\n[X-Fleet]\nGlobal=maybe';
    expect(check(lines).map((problem) => problem.split(';')[0])).toEqual([
      '2: MachineMetadata=a is not a condition on metadata',
      '2: MachineMetadata=b is not a condition on metadata',
      '3: Ready= waits for a notice that this unit never gives',
      '4: ReadyTimeout=x is not a time span above zero',
      '4: ReadyTimeout= has no meaning with Ready=notify, where the service speaks by itself',
      '6: Global=maybe is not a boolean',
    ]);
  });

  test('tells all problems of services at once', () => {
    const lines = 'Port=1\nService=%H\nService=a\nPort=x\nPort=3\nService=a';
    expect(check(lines).map((problem) => problem.split(';')[0])).toEqual([
      '2: Port= is of no service',
      '3: Service=%H contains %H',
      '3: Service=%H is not a DNS label in lower case',
      '3: Service=%H has no port',
      '5: Port=x is not a whole number from 1 to 65535',
      '6: Port= is given more than once for Service=a',
      '7: Service=a has no port',
      '7: Service=a is given more than once',
    ]);
  });

  test('instances and rollouts are of templates and global units only', () => {
    const lines = 'Spread=zone\nMaxPerMachine=1\nMaxUnavailable=1\nRollback=no\nRolloutDeadline=9';
    expect(check(lines, 'a.service')).toHaveLength(4);
    expect(check(lines, 'web@.service')).toEqual([]);
    expect(check(`${lines}\n[X-Fleet]\nGlobal=yes`)).toEqual([
      expect.stringContaining('2: Spread= and Global= exclude each other'),
      expect.stringContaining('3: MaxPerMachine= and Global= exclude each other'),
    ]);
  });

  test('no text makes reading or checking fail, and what is refused never comes out', () => {
    const name = fc.constantFrom(...Object.keys(flotillaReaders), 'Conflicts', 'constructor', '');
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^(http|tcp|exec|notify)? ?[:/"\\%a-z0-9 ]{0,12}$/),
      fc.stringMatching(/^[a-z0-9]{1,3}$/),
      fc.stringMatching(/^[a-z0-9]{0,3} ?(in|not in|[=!<>]{1,2}) ?[(a-z0-9,)]{0,6}$/),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { maxLength: 4 }), (pairs) => {
        const given = pairs.map(([name, value]) => ({ section: 'X-Flotilla', name, value }));
        for (const { message, fix } of checkOptions('a@1.service', given)) {
          expect(`${message}; ${fix}`).not.toMatch(/undefined/);
        }
        const { weight, rollout, readiness, services } = readFlotillaOptions('a@1.service', given);
        expect(new Set(services.map(({ name }) => name)).size).toBe(services.length);
        for (const number of [weight, rollout.deadline, readiness?.interval ?? 1])
          expect(number).not.toBeNaN();
      }),
    );
  });
});

/** A value of each option that is not its default. A new option is not read by itself: it needs a line here. */
const unusual: Readonly<Record<FlotillaOption, string>> = {
  Weight: '7',
  Spread: 'zone',
  MaxPerMachine: '3',
  MachineMetadata: 'tier=web',
  Fence: 'stop',
  Ready: 'tcp :5433',
  ReadyInterval: '9s',
  ReadyTimeout: '9s',
  AfterReady: 'db.service',
  Service: 'db\nPort=81',
  Port: '81',
  ServiceKey: '/app',
  DeregistrationDelay: '9s',
  Certificate: 'yes',
  CertificateOwner: 'nobody\nCertificate=yes',
  Template: 'web.toml',
  Image: 'web:1',
  MaxUnavailable: '4',
  Rollback: 'false',
  RolloutDeadline: '99s',
};

test.each(Object.entries(unusual))('%s=%s changes what is read', (name, value) => {
  const without = 'Ready=tcp :5432\nService=app\nPort=80';
  expect(readLines(`${without}\n${name}=${value}`)).not.toEqual(readLines(without));
});
