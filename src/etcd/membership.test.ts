import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterToken, type EtcdCluster } from './cluster.ts';
import type { MemberFacts } from './facts.ts';
import { initialCluster } from './files.ts';
import { type CertificateState, membership, type Situation, type Step } from './membership.ts';
import { etcdTimings } from './timing.ts';

function cluster(count: number, generation = 1): EtcdCluster {
  const members = Array.from({ length: count }, (_, i) => ({
    name: `core-${i + 1}`,
    address: `10.77.0.${11 + i}`,
  }));
  return { name: 'dev', generation, members, timing: etcdTimings.standard };
}

const three = cluster(3);

function blank(name: string): MemberFacts {
  return {
    name,
    hasEnvironment: false,
    token: '',
    initialCluster: '',
    markedToken: '',
    hasData: false,
    certificate: '',
    state: 'inactive',
    restarts: 0,
    healthy: false,
    clusterId: '',
    members: [],
    journal: [],
  };
}

function installed(name: string, wanted: EtcdCluster): MemberFacts {
  const list = { token: clusterToken(wanted), initialCluster: initialCluster(wanted) };
  return { ...blank(name), hasEnvironment: true, ...list };
}

function running(name: string, wanted: EtcdCluster): MemberFacts {
  const members = wanted.members.map((each) => ({
    id: '1',
    name: each.name,
  }));
  const live = { hasData: true, state: 'active', healthy: true, clusterId: 'c1', members };
  return { ...installed(name, wanted), ...live };
}

function marked(name: string, wanted: EtcdCluster): MemberFacts {
  return { ...running(name, wanted), markedToken: clusterToken(wanted) };
}

type Maker = (name: string, wanted: EtcdCluster) => MemberFacts;

function situation(makers: readonly Maker[], rest: Partial<Situation> = {}): Situation {
  const wanted = rest.wanted ?? cluster(makers.length);
  const facts = wanted.members.map(({ name }, i) => (makers[i] ?? blank)(name, wanted));
  const certificates = new Map<string, CertificateState>(
    facts.map((each) => [each.name, each.token === '' ? 'missing' : 'good']),
  );
  return { wanted, bootstrapped: false, facts, certificates, ...rest };
}

function members(step: Step): readonly string[] {
  return 'members' in step ? step.members : [];
}

describe('the way to a healthy cluster', () => {
  test.each<[string, readonly Maker[], Step['kind'], readonly string[]]>([
    ['nothing is there', [blank, blank, blank], 'install', ['core-1', 'core-2', 'core-3']],
    ['one member', [blank], 'install', ['core-1']],
    ['cut off after the second got its files', [installed, installed, blank], 'install', ['core-3']],
    ['all have their files', [installed, installed, installed], 'start', ['core-1', 'core-2', 'core-3']],
    ['cut off with a quorum, the third still empty', [running, running, blank], 'install', ['core-3']],
    ['the third was never started', [running, running, installed], 'start', ['core-3']],
    ['healthy, not yet marked', [running, running, running], 'mark', ['core-1', 'core-2', 'core-3']],
    ['cut off while marking', [marked, marked, running], 'mark', ['core-3']],
    ['complete', [marked, marked, marked], 'done', []],
  ])('%s', (_what, makers, kind, names) => {
    const step = membership(situation(makers));
    expect([step.kind, members(step)]).toEqual([kind, names]);
  });

  test('a member that stopped is started', () => {
    const stopped: Maker = (name, wanted) => ({ ...marked(name, wanted), healthy: false, state: 'inactive' });
    const step = membership(situation([marked, stopped, marked], { bootstrapped: true }));
    expect(step).toEqual({ kind: 'start', members: ['core-2'], reason: 'core-2 is inactive' });
  });

  test('a certificate that is due is replaced while the cluster runs', () => {
    const before = situation([marked, marked, marked], { bootstrapped: true });
    const certificates = new Map(before.certificates).set('core-2', 'unfit');
    expect(membership({ ...before, certificates })).toMatchObject({ kind: 'install', members: ['core-2'] });
  });
});

describe('refusals', () => {
  const emptied: Maker = (name) => blank(name);
  const otherGeneration: Maker = (name) => marked(name, cluster(3, 7));
  const otherCluster: Maker = (name, wanted) => ({ ...marked(name, wanted), clusterId: 'c2' });
  const ofFive: Maker = (name) => marked(name, cluster(5));
  const ofFiveDown: Maker = (name) => ({ ...installed(name, cluster(5)), hasData: true });

  test.each<[string, Situation, RegExp]>([
    ['an even count', situation([blank, blank]), /choose an odd number/],
    ['no members', situation([]), /choose an odd number/],
    [
      'one replaced machine',
      situation([marked, emptied, marked]),
      /core-2 lost etcd's data while core-1, core-3 kept it/,
    ],
    [
      'all machines replaced, as the caller remembers',
      situation([emptied, emptied, emptied], { bootstrapped: true }),
      /restore a snapshot into generation 2/,
    ],
    [
      'another generation',
      situation([otherGeneration, blank, blank]),
      /core-1 holds data .*"flotilla-dev-7"/,
    ],
    ['two clusters', situation([marked, otherCluster, marked]), /2 separate clusters \(c1, c2\)/],
    [
      'fewer members',
      situation([ofFive, ofFive, ofFive], { wanted: three }),
      /changing the number, names or addresses of etcd members is not supported yet/,
    ],
    [
      'fewer members while etcd is down',
      situation([ofFiveDown, ofFiveDown, ofFiveDown]),
      /not supported yet/,
    ],
    [
      'more members',
      situation(
        [marked, marked, marked, blank, blank].map(
          (make, i) => (name) => (i < 3 ? make(name, three) : blank(name)),
        ),
        { bootstrapped: true },
      ),
      /not supported yet: the cluster consists of core-1, core-2, core-3, wanted are/,
    ],
  ])('%s', (_what, given, reason) => {
    const step = membership(given);
    expect(step.kind).toBe('refuse');
    expect(step.reason).toMatch(reason);
  });
});

describe('properties', () => {
  const makers = fc.constantFrom<Maker>(blank, installed, running, marked);
  const situations = fc
    .tuple(fc.constantFrom(1, 3, 5), fc.boolean())
    .chain(([count, bootstrapped]) =>
      fc.array(makers, { minLength: count, maxLength: count }).map((all) => situation(all, { bootstrapped })),
    );

  test('a generation that was complete is never founded again over missing data', () => {
    fc.assert(
      fc.property(situations, (given) => {
        const complete = given.bootstrapped || given.facts.some((each) => each.markedToken !== '');
        const lost = given.facts.some((each) => !each.hasData);
        if (complete && lost) expect(membership(given).kind).toBe('refuse');
      }),
    );
  });

  test('a step names members that need it, and only wanted ones', () => {
    fc.assert(
      fc.property(situations, (given) => {
        const step = membership(given);
        const wanted = given.wanted.members.map((each) => each.name);
        if ('members' in step) expect(step.members.length).toBeGreaterThan(0);
        expect(wanted).toEqual(expect.arrayContaining([...members(step)]));
        expect(step.reason).not.toMatch(/\.$/);
      }),
    );
  });

  test('following the steps ends in done or a refusal', () => {
    fc.assert(
      fc.property(situations, (start) => {
        let now = start;
        for (let round = 0; round < 10; round += 1) {
          const step = membership(now);
          if (step.kind === 'done' || step.kind === 'refuse') return;
          now = after(now, step);
        }
        throw new Error('ten steps were not enough');
      }),
    );
  });

  /** What a step does when all goes well. */
  function after(now: Situation, step: Step): Situation {
    const effect = { install: installed, start: running, mark: marked, done: blank, refuse: blank }[
      step.kind
    ];
    const facts = now.facts.map((each) => {
      if (!members(step).includes(each.name)) return each;
      const fresh = effect(each.name, now.wanted);
      return {
        ...fresh,
        hasData: fresh.hasData || each.hasData,
        markedToken: fresh.markedToken || each.markedToken,
      };
    });
    const certificates = new Map<string, CertificateState>(
      facts.map((each) => [each.name, each.token === '' ? 'missing' : 'good']),
    );
    return { ...now, facts, certificates };
  }
});
