import { describe, expect, test } from '@jest/globals';
import type { UnitView } from '../model/api.ts';
import { type TargetState, targetStates } from '../model/unit.ts';
import { hashOf } from '../unit/hash.ts';
import { type Candidate, planCreation, type Wish } from './creation.ts';

const start: Wish = { verb: 'start', targetState: 'launched', replace: false };
const load: Wish = { verb: 'load', targetState: 'loaded', replace: false };
const submit: Wish = { verb: 'submit', targetState: 'inactive', replace: false };

const file = { path: 'a/web@1.service', contents: 'file' };
const template = { name: 'web@.service', contents: 'template' };
const templateFile = { path: 'a/web@.service', contents: 'template file' };

function view(contents: string, targetState: TargetState): UnitView {
  return { name: 'web@1.service', hash: hashOf(contents), targetState, placements: [], states: [] };
}

function plan(candidate: Omit<Candidate, 'name'>, wish: Wish) {
  return planCreation([{ name: 'web@1.service', ...candidate }], wish);
}

function put(contents: string, targetState: TargetState) {
  return [{ name: 'web@1.service', contents, targetState }];
}

describe('a unit that the cluster does not have', () => {
  test.each([
    ['its file', { file, template, templateFile }, 'file'],
    [
      "the cluster's template",
      { template, templateFile: { ...templateFile, contents: 'template' } },
      'template',
    ],
    ["the template's file", { templateFile }, 'template file'],
  ])('comes from %s', (_, candidate, contents) => {
    expect(plan(candidate, start)).toEqual({
      ...{ put: put(contents, 'launched'), targets: [], warnings: [], problems: [] },
    });
  });

  test('that is found nowhere is a problem', () => {
    expect(plan({}, start).problems).toEqual([
      'web@1.service is neither in the cluster nor a file here, and it has no template; give the path of its file',
    ]);
  });

  test("says so when the template's file was passed over and differs", () => {
    expect(plan({ template, templateFile }, load).warnings).toEqual([
      'web@.service in the cluster differs from a/web@.service; it is used as the cluster has it',
    ]);
  });
});

describe('a unit that the cluster has', () => {
  test.each([
    [submit, 'launched', []],
    [submit, 'inactive', []],
    [load, 'launched', [{ name: 'web@1.service', targetState: 'loaded' }]],
    [start, 'launched', []],
    [start, 'inactive', [{ name: 'web@1.service', targetState: 'launched' }]],
  ] as const)('$0.verb of one that is %s', (wish, state, targets) => {
    expect(plan({ view: view('file', state), file }, wish)).toEqual({
      ...{ put: [], targets, warnings: [], problems: [] },
    });
  });

  test('is kept where its file differs, and it says so', () => {
    const { put, targets, warnings } = plan({ view: view('old', 'inactive'), file }, start);
    expect({ put, targets: targets.length, warnings }).toEqual({
      ...{ put: [], targets: 1 },
      warnings: ['web@1.service in the cluster differs from a/web@1.service; --replace would change it'],
    });
  });

  test('--replace gives it the file, or the template of the cluster', () => {
    const wish = { ...start, replace: true };
    expect(plan({ view: view('old', 'launched'), file }, wish).put).toEqual(put('file', 'launched'));
    expect(plan({ view: view('old', 'launched'), template }, wish).put).toEqual(put('template', 'launched'));
    expect(plan({ view: view('file', 'launched'), file }, wish)).toMatchObject({ put: [], targets: [] });
  });

  test('no verb replaces a unit that is further than it would bring it', () => {
    for (const wish of [submit, load, start]) {
      for (const state of targetStates) {
        const { put, problems } = plan({ view: view('old', state), file }, { ...wish, replace: true });
        const further = targetStates.indexOf(state) > targetStates.indexOf(wish.targetState);
        expect([put.length, problems.length]).toEqual(further ? [0, 1] : [1, 0]);
      }
    }
  });
});

test('a template can be submitted and nothing else', () => {
  const candidate = { name: 'web@.service', file: templateFile };
  expect(planCreation([candidate], submit).put).toHaveLength(1);
  expect(planCreation([candidate], start).problems).toEqual([
    'web@.service is a template, which no machine can run; name an instance: web@1.service',
  ]);
});
