import * as z from 'zod';

/**
 * What a machine is known by: machine-id(5), 32 hex digits in lower case. It becomes the name of a user of etcd, beside
 * `root`, so what a machine says of itself counts as one only when it looks like one.
 */
const machineId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .brand<'MachineId'>();

type MachineId = z.output<typeof machineId>;

export function isMachineId(text: string): text is MachineId {
  return machineId.safeParse(text).success;
}

/**
 * @param name of the machine, for the message
 * @throws when it is none
 */
export function machineIdOf(name: string, text: string): MachineId {
  if (isMachineId(text)) return text;
  throw new Error(
    `${name}: ${JSON.stringify(text)} is no machine id, which has 32 hex digits (machine-id(5)); ` +
      'see /etc/machine-id there. If it was changed by somebody else, that machine was broken into',
  );
}
