/** A rule of the product, and an edit that breaks it. At least one of the named tests must notice. */
export interface Rule {
  readonly broken: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Folders or files of fast tests. */
  readonly tests: readonly string[];
}

/** What nobody may break unnoticed: who decides, who may run twice, whom to trust, what is lost for ever. */
export const rules: readonly Rule[] = [
  {
    broken: 'a deposed leader may write',
    file: 'src/agent/engine/leader.ts',
    from: 'compare: [election, { key: engineKey, modRevision: last }',
    to: 'compare: [{ key: engineKey, modRevision: last }',
    tests: ['src/agent/engine', 'src/agent/cluster.test.ts'],
  },
  {
    broken: 'a write of the engine that comes late counts',
    file: 'src/agent/engine/leader.ts',
    from: 'compare: [election, { key: engineKey, modRevision: last }, ...unchanged]',
    to: 'compare: [election, ...unchanged]',
    tests: ['src/agent/engine/leader.test.ts'],
  },
  {
    broken: 'an engine that is older than what is kept leads',
    file: 'src/agent/engine/leader.ts',
    from: 'if (Number(format) <= storeFormat) return;',
    to: 'if (Number(format) !== 0) return;',
    tests: ['src/agent/engine/leader.test.ts'],
  },
  {
    broken: "a lease counts from etcd's answer instead of from the question",
    file: 'src/store/lease.ts',
    from: 'extend(from, seconds) : lose',
    to: 'extend(clock.now(), seconds) : lose',
    tests: ['src/store'],
  },
  {
    broken: 'a machine without a lease goes on running what must not run twice',
    file: 'src/agent/machine/fence.ts',
    from: "if (membership !== 'lost') return [];",
    to: "if (membership !== 'lost' || fenced.size > 0) return [];",
    tests: ['src/agent/machine'],
  },
  {
    broken: 'a machine that answers counts as dead',
    file: 'src/agent/engine/grace.ts',
    from: "const alive = opinion === 'answers' || opinion === 'asking';",
    to: "const alive = opinion === 'asking';",
    tests: ['src/agent/engine', 'src/agent/machine'],
  },
  {
    broken: 'most machines gone at once is no reason to wait',
    file: 'src/agent/engine/grace.ts',
    from: 'return missing.size > 1 && missing.size > present;',
    to: 'return false;',
    tests: ['src/agent/engine/grace.test.ts'],
  },
  {
    broken: 'any host key will do',
    file: 'src/ssh/dial.ts',
    from: 'return fingerprint(key) === expected;',
    to: 'return true;',
    tests: ['src/ssh'],
  },
  {
    broken: 'others may read a file until it has its mode',
    file: 'src/ssh/write-files.ts',
    from: '(umask 077; head',
    to: '(umask 022; head',
    tests: ['src/ssh/write-files.test.ts'],
  },
  {
    broken: "the authority's key is no secret",
    file: 'src/resources/pki.ts',
    from: "additionalSecretOutputs: ['privateKey']",
    to: 'additionalSecretOutputs: []',
    tests: ['src/resources'],
  },
  {
    broken: 'an etcd member that lost its data starts empty',
    file: 'src/etcd/membership.ts',
    from: 'if (lost.length === 0 || !wasBootstrapped(situation)) return undefined;',
    to: 'return undefined;',
    tests: ['src/etcd'],
  },
  {
    broken: "a worker's certificate writes below /flotilla/",
    file: 'src/etcd/access.ts',
    from: "{ type: 'READ', ...below(rootPrefix) },\n    { type: 'WRITE', key",
    to: "{ type: 'READWRITE', ...below(rootPrefix) },\n    { type: 'WRITE', key",
    tests: ['src/etcd'],
  },
  {
    broken: 'two machines have one id',
    file: 'src/agent/session.ts',
    from: 'if (mine !== theirs) {',
    to: "if (mine !== theirs && mine === '') {",
    tests: ['src/agent/session.test.ts'],
  },
  {
    broken: 'Conflicts= takes its globs literally',
    file: 'src/scheduler/globs.ts',
    from: "if (matchesGlob(glob, names[unit] ?? '')) found.push(unit);",
    to: 'if (names[unit] === pattern) found.push(unit);',
    tests: ['src/scheduler'],
  },
  {
    broken: 'a drain takes one instance more than MaxUnavailable=',
    file: 'src/scheduler/budget.ts',
    from: 'if (others >= limit)',
    to: 'if (others > limit)',
    tests: ['src/scheduler'],
  },
  {
    broken: 'an instance that has just started counts as available',
    file: 'src/model/readiness.ts',
    from: 'const settleSeconds = 5;',
    to: 'const settleSeconds = 0;',
    tests: ['src/scheduler', 'src/agent/drain.test.ts'],
  },
  {
    broken: 'apply does not see that units changed since the preview',
    file: 'src/agent/api/change.ts',
    from: '  refuseIfChanged(cluster, change);\n  refuseCircles',
    to: '  refuseCircles',
    tests: ['src/agent/api'],
  },
  {
    broken: 'the files that a rollback needs are garbage',
    file: 'src/agent/engine/garbage.ts',
    from: '.map(({ hash }) => hash), ...kept]',
    to: '.map(({ hash }) => hash)]',
    tests: ['src/agent/engine'],
  },
  {
    broken: 'machines wake from the template of another image',
    file: 'src/qemu/template-key.ts',
    from: 'spec.image.key, spec.disk',
    to: 'spec.disk',
    tests: ['src/qemu'],
  },
  {
    broken: 'a host is changed before its record says what is added',
    file: 'src/hosts/perform.ts',
    from: '  await run(recordCommand(added, toKeep(facts, operations)));',
    to: '',
    tests: ['src/hosts', 'src/provider/resources/hosts'],
  },
  {
    broken: "another state's host is taken",
    file: 'src/provider/resources/hosts/machine.ts',
    from: '  refuseStranger(before, wanted, context);',
    to: '',
    tests: ['src/provider/resources/hosts'],
  },
];
