import type * as z from 'zod';

/** Property values as Pulumi sends them: JSON, in which a value not yet known is `unknownValue`. */
export type Properties = Record<string, unknown>;

/** Stands for a value that only exists once another resource was made (Pulumi's UnknownStringValue). */
export const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** What a handler may use of the world around it, beside its inputs. */
export interface Context {
  readonly urn: string;
  /** The logical name in the program, without the cluster's. */
  readonly name: string;
  /** Whose it is: the stack's name, `dev`; of one of several clusters in a stack `dev/blue` (src/model/resource-name.ts). */
  readonly stack: string;
  /** Shown to the user under the resource, one line. Never give it a secret. */
  readonly log: (line: string) => void;
  /** Aborts when the user cancels. */
  readonly signal: AbortSignal;
}

export interface Created<Outputs> {
  readonly id: string;
  readonly outputs: Outputs;
}

/**
 * How a changed input is dealt with; what is not named is updated in place. A function says whether just this change
 * replaces; `inputs` are all of the new ones.
 */
export type ChangeRule =
  | 'replace'
  | 'ignore'
  | ((old: unknown, value: unknown, inputs: Properties) => boolean);

/** What there is to know while inputs are checked. */
export interface Checked {
  /** The logical name in the program. */
  readonly name: string;
  /** The inputs of the last time; undefined for what is to be made, also as a replacement. */
  readonly old: Properties | undefined;
}

/**
 * One resource type. Inputs and outputs are parsed at the provider's edge, so the methods see typed values.
 * Creates are idempotent: a create that was cut off before its result was stored runs again.
 */
export interface ResourceHandler<Inputs extends object, Outputs extends object> {
  readonly inputs: z.ZodType<Inputs>;
  readonly outputs: z.ZodType<Outputs>;
  /** Names of the outputs that no preview knows: at a create they are unknown, at an update it shows the old ones. */
  readonly computed: readonly (keyof Outputs & string)[];
  readonly changes?: Readonly<Partial<Record<keyof Inputs & string, ChangeRule>>>;
  /** Completes the inputs with what follows from them or from the repository, such as a bundle's hash. */
  complete?(inputs: Properties): Promise<Properties>;
  /** Changes that the inputs don't show, such as a machine that refresh found dead: property → reason. */
  drift?(outputs: Outputs): Readonly<Record<string, string>>;
  /** Says at preview what `create` or `update` would do, and refuses what they would refuse. */
  preview?(inputs: Inputs, old: Outputs | undefined, context: Context): Promise<Partial<Outputs>>;
  /** The same while some inputs are not known yet, as before a first `up`: what follows from the others. */
  sketch?(inputs: Properties, old: Outputs | undefined, context: Context): Promise<Partial<Outputs>>;
  /**
   * The id that follows from its name, of what lies on this computer under that name: in a stack or a cluster that was
   * renamed it would not be found, so that is refused.
   */
  id?(context: Pick<Context, 'stack' | 'name'>): string;
  create(inputs: Inputs, context: Context): Promise<Created<Outputs>>;
  /** Undefined when the thing is gone. `inputs`, when given, shows drift as a difference to the program. */
  read?(
    id: string,
    outputs: Outputs,
    inputs: Inputs,
    context: Context,
  ): Promise<{ outputs: Outputs; inputs?: Inputs } | undefined>;
  update?(id: string, inputs: Inputs, old: Outputs, context: Context): Promise<Outputs>;
  delete?(id: string, outputs: Outputs, context: Context): Promise<void>;
}

/** A handler whose types were forgotten after they were checked, so that all fit into one table. */
export interface AnyHandler {
  readonly schemas: { readonly inputs: z.ZodType; readonly outputs: z.ZodType };
  readonly computed: readonly string[];
  readonly changes: Readonly<Record<string, ChangeRule>>;
  /** Whether a replacement can only be made when the old one is gone, as of things that can't share a name. */
  deletesFirst?(old: Properties, inputs: Properties): boolean;
  id?(context: Pick<Context, 'stack' | 'name'>): string;
  complete(inputs: Properties, checked: Checked): Promise<Properties>;
  problems(inputs: Properties): { path: string; reason: string }[];
  drift(outputs: Properties): Readonly<Record<string, string>>;
  preview(inputs: Properties, old: Properties | undefined, context: Context): Promise<Properties>;
  create(inputs: Properties, context: Context): Promise<Created<Properties>>;
  read(
    id: string,
    outputs: Properties,
    inputs: Properties,
    context: Context,
  ): Promise<{ outputs: Properties; inputs?: Properties } | undefined>;
  update(id: string, inputs: Properties, old: Properties, context: Context): Promise<Properties>;
  delete(id: string, outputs: Properties, context: Context): Promise<void>;
}

/** A question to the provider that makes nothing, such as which image is the newest (Pulumi's "function"). */
export interface AnyFunction {
  readonly args: z.ZodType;
  /** What the arguments lack or must not be. */
  problems(args: Properties): { path: string; reason: string }[];
  call(args: Properties): Promise<Properties>;
}

/** Something exists now although `create` or `update` failed: Pulumi keeps it in its state and tries again. */
export class InitFailed extends Error {
  override readonly name = 'InitFailed';
  readonly id: string;
  readonly outputs: Properties;

  constructor(message: string, id: string, outputs: object, options?: ErrorOptions) {
    super(message, options);
    this.id = id;
    this.outputs = { ...outputs };
  }
}
