import type { ChangeRequest, UnitView } from '../model/api.ts';
import type { TargetState, UnitFile } from '../model/unit.ts';
import { hashOf } from '../unit/hash.ts';
import { isTemplate } from '../unit/name.ts';
import type { LocalFile } from './local-files.ts';

/** A unit that a command names, and all places where its contents can come from. */
export interface Candidate {
  readonly name: string;
  /** As the cluster has it. */
  readonly view?: UnitView | undefined;
  /** The file that the command names. */
  readonly file?: LocalFile | undefined;
  /** For an instance: its template in the cluster, and the template's file beside where its own would be. */
  readonly template?: UnitFile | undefined;
  readonly templateFile?: LocalFile | undefined;
}

export interface Wish {
  readonly verb: 'submit' | 'load' | 'start';
  readonly targetState: TargetState;
  /** A unit whose file differs from the cluster's gets the file. */
  readonly replace: boolean;
}

/** What is to be done for a wish, as far as it can be done. */
export interface Creation {
  readonly put: ChangeRequest['put'];
  readonly targets: NonNullable<ChangeRequest['targets']>;
  /** What the user should know and that stops nothing. */
  readonly warnings: readonly string[];
  /** Nothing is done when there is one. */
  readonly problems: readonly string[];
}

/** fleetctl's rule: a command replaces no unit that is further than it would bring it. */
const replaceable: Readonly<Record<TargetState, readonly TargetState[]>> = {
  inactive: ['inactive'],
  loaded: ['inactive', 'loaded'],
  launched: ['inactive', 'loaded', 'launched'],
};

const nothing: Creation = { put: [], targets: [], warnings: [], problems: [] };

export function planCreation(candidates: readonly Candidate[], wish: Wish): Creation {
  const all = candidates.map((candidate) => creationOf(candidate, wish));
  return {
    put: all.flatMap(({ put }) => put),
    targets: all.flatMap(({ targets }) => targets),
    warnings: all.flatMap(({ warnings }) => warnings),
    problems: all.flatMap(({ problems }) => problems),
  };
}

function creationOf(candidate: Candidate, wish: Wish): Creation {
  const { name, view } = candidate;
  if (isTemplate(name) && wish.verb !== 'submit') {
    const instance = name.replace('@', '@1');
    return problem(`${name} is a template, which no machine can run; name an instance: ${instance}`);
  }
  return view ? existing(candidate, view, wish) : missing(candidate, wish);
}

/** fleetctl's order: the file, then the template in the cluster, then the template's file. */
function missing({ name, file, template, templateFile }: Candidate, { targetState }: Wish): Creation {
  const contents = file?.contents ?? template?.contents ?? templateFile?.contents;
  if (contents === undefined) {
    return problem(
      `${name} is neither in the cluster nor a file here, and it has no template; give the path of its file`,
    );
  }
  const passedOver = file === undefined && template && templateFile && differs(template, templateFile);
  const warning = `${template?.name} in the cluster differs from ${templateFile?.path}; it is used as the cluster has it`;
  return { ...nothing, put: [{ name, contents, targetState }], warnings: passedOver ? [warning] : [] };
}

function existing(candidate: Candidate, view: UnitView, wish: Wish): Creation {
  const { name, file, templateFile, template } = candidate;
  const { targetState, replace, verb } = wish;
  const known = targetChange(view, wish);
  const source = file ?? templateFile ?? (replace ? template : undefined);
  if (source === undefined || hashOf(source.contents) === view.hash) return known;
  const from = 'path' in source ? source.path : source.name;
  if (!replace) {
    return { ...known, warnings: [`${name} in the cluster differs from ${from}; --replace would change it`] };
  }
  if (replaceable[targetState].includes(view.targetState)) {
    return { ...nothing, put: [{ name, contents: source.contents, targetState }] };
  }
  const fit = view.targetState === 'launched' ? 'start' : 'load';
  return problem(`${name} is ${view.targetState}, so ${verb} does not replace it; ${fit} --replace does`);
}

/** `submit` never takes a unit back that is loaded or launched. */
function targetChange({ name, targetState: now }: UnitView, { verb, targetState }: Wish): Creation {
  if (verb === 'submit' || now === targetState) return nothing;
  return { ...nothing, targets: [{ name, targetState }] };
}

function problem(text: string): Creation {
  return { ...nothing, problems: [text] };
}

function differs(a: { readonly contents: string }, b: { readonly contents: string }): boolean {
  return a.contents !== b.contents;
}
