/** Where a cloud's plugin of Pulumi's looks for credentials: Pulumi's config, and its environment. */
export interface Credentials {
  /** Name of the stack, for the commands that set what is missing: another one may be selected. */
  readonly stack: string;
  readonly config: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}
