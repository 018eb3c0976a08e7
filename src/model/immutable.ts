/**
 * What a schema reads, as everybody has it: nobody changes what somebody else may be reading. Of types alone, since
 * zod's `.readonly()` freezes each value that is read.
 */
export type Immutable<T> = T extends object ? { readonly [Key in keyof T]: Immutable<T[Key]> } : T;
