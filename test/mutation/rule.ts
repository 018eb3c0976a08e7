/** A rule of the product, and an edit that breaks it. At least one of the named tests must notice. */
export interface Rule {
  readonly broken: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Folders or files of fast tests. */
  readonly tests: readonly string[];
}
