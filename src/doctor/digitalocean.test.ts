import { beforeEach, describe, expect, test } from '@jest/globals';
import { droplet, TestApi } from '../../test/cloud/digitalocean/test-api.ts';
import { digitaloceanChecks } from './digitalocean.ts';
import { FakeProbes } from './fake-probes.ts';
import { sampleSubject, told } from './sample-subject.ts';
import { thisComputer } from './this-computer.ts';

const cloud = TestApi.forEach();

const configOf = (settings = '', machines = '{core: {count: 3, etcd: true}}') => `config:
  flotilla:platform: digitalocean
  flotilla:digitalocean: {region: fra1, sshFrom: [203.0.113.7/32]${settings}}
  flotilla:machines: ${machines}
`;

let probes: FakeProbes;

/** This computer is a fake; the API answers over real HTTP. */
beforeEach(() => {
  probes = new FakeProbes();
  probes.time = Date.now();
  probes.get = thisComputer().get;
  probes.environment = { DIGITALOCEAN_TOKEN: cloud().api.token };
});

function lines(
  text: string | undefined = configOf(),
  environment: Record<string, string> = probes.environment,
) {
  const given = { DIGITALOCEAN_API_URL: cloud().api.url, ...environment };
  return told(
    digitaloceanChecks(sampleSubject(text, { environment: given, platform: 'digitalocean' })),
    probes,
  );
}

const lineOf = async (what: string, text?: string) =>
  (await lines(text)).find((line) => line.startsWith(`${what} `));

test('an account that can hold the cluster', async () => {
  expect(await lines()).toEqual([
    'droplets ok 3 × s-1vcpu-1gb in fra1, on 10.77.0.0/16',
    `token ok ${cloud().api.url} takes it; the account is active`,
    'cloud clock ok like this one, to some seconds',
    'droplet limit ok 0 there, 3 to be made, 25 allowed',
    'region ok fra1 takes droplets',
    'size s-1vcpu-1gb ok to be had in fra1',
  ]);
  const calls = cloud().api.trace.entries.map((entry) => ('method' in entry ? entry.method : ''));
  expect(new Set(calls)).toEqual(new Set(['GET']));
});

test('without a stack, what is asked of every account', async () => {
  const { url, token } = cloud().api;
  const environment = { DIGITALOCEAN_API_URL: url, DIGITALOCEAN_ACCESS_TOKEN: token };
  const subject = sampleSubject(undefined, { environment, platform: 'digitalocean', platformAlone: true });
  const all = await told(digitaloceanChecks(subject), probes);
  expect(all.map((line) => line.split(' ok ')[0])).toEqual(['token', 'cloud clock', 'droplet limit']);
});

describe('the token', () => {
  test('that is nowhere is a problem, and nobody is asked', async () => {
    expect(await lines(configOf(), {})).toEqual([
      expect.stringMatching(/^droplets ok /),
      expect.stringMatching(
        /^token problem digitalocean:token: there is no token for the API → make one at https:/,
      ),
    ]);
    expect(cloud().api.trace.entries).toEqual([]);
  });

  test('that is encrypted in the config is decrypted by Pulumi, and before one of the environment', async () => {
    const line = 'pulumi config get digitalocean:token --stack dev --non-interactive';
    probes.programs.set(line, { stdout: `${cloud().api.token}\n` });
    const text = `${configOf()}  digitalocean:token: {secure: v1:abc}\n`;
    expect((await lines(text, { DIGITALOCEAN_TOKEN: 'wrong' }))[1]).toMatch(/^token ok /);
    probes.programs.set(line, { status: 255, stderr: 'error: incorrect passphrase\n' });
    expect((await lines(text))[1]).toMatch(/^token problem incorrect passphrase → /);
    probes.programs.set('pulumi version', {
      status: 1,
      stderr: 'There is no Pulumi CLI for this clone yet.',
    });
    expect((await lines(text))[1]).toMatch(/^token warning not asked, .*Pulumi CLI.* → mend pulumi first$/);
  });

  test('that is refused is one problem; the rest was not asked', async () => {
    const all = await lines(configOf(), { DIGITALOCEAN_TOKEN: 'wrong' });
    expect(all[1]).toMatch(
      /^token problem it is refused: the API answered 401 Unable to authenticate you → make another at https:/,
    );
    expect(all.slice(3)).toEqual([
      'droplet limit warning not asked, since the token is not taken → mend that first',
      'region warning not asked, since the token is not taken → mend that first',
      'size s-1vcpu-1gb warning not asked, since the token is not taken → mend that first',
    ]);
    expect(all.join()).not.toContain('wrong');
  });

  test.each(['dop_v1_\n0123', 'dop_v1_0123\n', 'dop v1_0123', 'dop_v1_ŝ'])(
    '%j is no token: nobody is asked, and it is not shown',
    async (token) => {
      const all = await lines(configOf(), { DIGITALOCEAN_TOKEN: token });
      expect(all[1]).toMatch(
        /^token problem the token is empty, or has white space or letters that no token has → make another at https:/,
      );
      expect(all.join()).not.toContain('dop');
      expect(cloud().api.trace.entries).toEqual([]);
    },
  );

  test('without the right to the account leaves the limit unknown, and nothing else', async () => {
    cloud().api.faults.add({ call: 'GET /v2/account', effect: { answer: 403 } });
    const all = await lines();
    expect(all[1]).toContain('token warning');
    expect(all[3]).toBe(
      'droplet limit warning 0 there, 3 to be made, the limit is unknown → give the token the scope account:read',
    );
    expect(all[4]).toBe('region ok fra1 takes droplets');
  });

  test('cannot be tried where nothing answers', async () => {
    const text = `${configOf()}  digitalocean:apiEndpoint: http://127.0.0.1:1\n`;
    const all = await lines(text);
    expect(all[1]).toMatch(
      /^token problem fetch failed.* → curl --silent --show-error --head 'http:\/\/127\.0\.0\.1:1\/v2\/account'$/,
    );
    expect(all.slice(2).every((line) => line.includes('warning not asked'))).toBe(true);
  });

  test('of an API that fails is told with its words', async () => {
    cloud().api.faults.add({ call: 'GET /v2/account', effect: { answer: 503 } });
    const line = await lineOf('token');
    expect(line).toContain('problem the API answered 503 Server was unable');
    expect(line).toContain(` → curl --silent --show-error --head '${cloud().api.url}/v2/account'`);
  });
});

test('a clock that is off by more than seconds is a problem', async () => {
  probes.time = Date.now() - 90_000;
  expect(await lineOf('cloud clock')).toMatch(
    /^cloud clock problem this computer's is (89|90|91) s behind it → sudo timedatectl set-ntp true$/,
  );
});

describe('the droplet limit', () => {
  test('counts what is there, and what the stack is still to make', async () => {
    await cloud().restart({ limits: { droplets: 3 } });
    await cloud().activeDroplet({ ...droplet, tags: ['flotilla-dev-member-1a2b3c4'] });
    await cloud().activeDroplet({ ...droplet, name: 'other' });
    probes.environment = { DIGITALOCEAN_TOKEN: cloud().api.token };
    expect(await lineOf('droplet limit')).toMatch(
      /^droplet limit problem 2 there, 2 to be made, 3 allowed → ask for a higher one/,
    );
  });

  test('reads all pages', async () => {
    for (let number = 1; number <= 3; number += 1)
      await cloud().activeDroplet({
        ...droplet,
        name: `core-${number}`,
        tags: ['flotilla-dev-member-1a2b3c4'],
      });
    const small = probes.get;
    probes.get = (url, headers, signal) => small(url.replace('per_page=200', 'per_page=2'), headers, signal);
    expect(await lineOf('droplet limit')).toBe('droplet limit ok 3 there, 0 to be made, 25 allowed');
  });

  test('is told by what refused the list', async () => {
    cloud().api.faults.add({ call: 'GET /v2/droplets', effect: { answer: 403 } });
    expect(await lineOf('droplet limit')).toContain('problem /v2/droplets: the API answered 403');
  });
});

test('a region that takes none, and a size that is not there, name what is', async () => {
  const text = configOf().replace('fra1', 'nyc2');
  const all = await lines(text);
  expect(all.find((line) => line.startsWith('region'))).toMatch(
    /^region problem nyc2 takes no new droplets; these do: nyc1, nyc3, .* → name another in flotilla:digitalocean.region/,
  );
  expect(all.find((line) => line.startsWith('size'))).toMatch(
    /^size s-1vcpu-1gb problem not to be had in nyc2, but in nyc1, .* → name another in flotilla:digitalocean.sizes/,
  );
  expect(await lineOf('size g-4vcpu-16gb', configOf(', size: g-4vcpu-16gb'))).toContain(
    'not to be had in fra1, but in no region',
  );
});

test('what the plan itself has against it is told without its sizes being asked for', async () => {
  const all = await lines(configOf(', size: s-1vcpu-9gb'));
  expect(all[0]).toMatch(
    /^droplets problem flotilla:digitalocean.size: s-1vcpu-9gb is no size that is known → /,
  );
  expect(all.filter((line) => line.startsWith('size'))).toEqual([]);
});
