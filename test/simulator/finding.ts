/** What breaks an invariant, told for people; undefined when nothing does. */
export type Finding = string | undefined;

/** An invariant does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
  /** The invariant's function. */
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

/** Functions by their names, which are what a report calls them. */
export type Invariants<Fact> = readonly ((fact: Fact) => Finding)[];

/** The first of the invariants that the fact breaks. */
export function firstViolation<Fact>(invariants: Invariants<Fact>, fact: Fact): Violation | undefined {
  for (const invariant of invariants) {
    const finding = invariant(fact);
    if (finding !== undefined) return new Violation(invariant.name, finding);
  }
  return undefined;
}
