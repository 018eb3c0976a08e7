/** A port of the operator's computer, on 127.0.0.1, that leads to whichever of some machines is healthy. */
export interface Publication {
  readonly host: number;
  /** TCP port of the machines; it has to be among what they forward. */
  readonly guest: number;
  readonly machines: readonly string[];
}
