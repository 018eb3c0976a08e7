import * as z from 'zod';

/**
 * What was added to a host, and what was there before: written to the host before anything is changed, so that whoever
 * comes later can take it away again, whatever became of the run. Something that is named here may not have been done.
 */
export const addedSchema = z.object({
  version: z.literal(1),
  /** The stack. */
  cluster: z.string(),
  /** What the host is called there. */
  machine: z.string(),
  /** The stack's public login key: another stack of the same name has another one. */
  owner: z.string(),
  /** Those that were missing, with all that they bring along. */
  packages: z.array(z.string()),
  groups: z.array(z.string()),
  user: z.object({
    name: z.string(),
    created: z.boolean(),
    /** Of a user who was there: groups joined. */
    joined: z.array(z.string()),
  }),
  /** Written files. What stood there before, `existed`, lies in `beforeFolder` under its own path. */
  files: z.array(z.object({ path: z.string(), existed: z.boolean() })),
  units: z.array(z.object({ name: z.string(), enabled: z.boolean(), active: z.boolean() })),
  /** Folders and links of programs that were not there. */
  absent: z.array(z.string()),
});

export type Added = z.output<typeof addedSchema>;

export const flotillaFolder = '/etc/flotilla';
export const recordPath = `${flotillaFolder}/added.json`;
/** Copies of what was there before, in a tree like the root's. */
export const beforeFolder = `${flotillaFolder}/before`;

/**
 * @param where for the message
 * @throws when it is a later version's, or damaged: that is never the same as nothing
 */
export function parseAdded(text: string, where: string): Added {
  try {
    return addedSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(
      `${recordPath} on ${where}, which says what Flotilla added there, ${text === '' ? 'is empty' : 'cannot be read by this version of Flotilla'}. ` +
        'If a later version set the host up, use that one. If the file is damaged, move it away there and run it again: the state of the stack has a copy, and where it has none the message says what is left',
      { cause },
    );
  }
}
