/** One thing the user has to change. Problems are collected and shown all at once. */
export interface Problem {
  /** Where it stands: `flotilla:machines.core.count`, `units/hello/hello@.service:7`. */
  readonly path: string;
  /** What is wrong, naming the value that was found. */
  readonly problem: string;
  /** What to write or run instead. */
  readonly fix: string;
}

/** What several machines have in common is said once. */
export function distinctProblems(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((each) => [`${each.path} ${each.problem}`, each])).values()];
}

/** The report of everything that is wrong, one problem a line, as users see it. */
function formatProblems(title: string, problems: readonly Problem[]): string {
  const lines = problems.map(({ path, problem, fix }) => `  ${path}: ${problem}\n    → ${fix}`);
  return `${title}\n${lines.join('\n')}`;
}

/** The user's input can't be used as it is. The message is meant for the user; a stack trace would only be noise. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly problems: readonly Problem[];

  constructor(title: string, problems: readonly Problem[]) {
    super(formatProblems(title, problems));
    this.problems = problems;
  }
}
