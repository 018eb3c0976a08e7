import type { PendingOperation } from './stack.ts';
import { nameOf, typeOf } from './urn.ts';

/** What is to be done about operations that an earlier run has begun and not ended. */
export type Settlement =
  | { readonly step: 'none' }
  | { readonly step: 'refuse'; readonly reason: string }
  | {
      readonly step: 'refresh';
      readonly reason: string;
      /** URNs of creates to be ended before the refresh drops them. */
      readonly adopt: readonly string[];
    };

/**
 * Types whose pending creates may be dropped: ours find and adopt what an earlier create made, and Pulumi's own, such as
 * a cloud's provider, make nothing outside the state. A cloud's creates are its provider's: dropped, what they made
 * would run on, unknown and paid for, beside a second one.
 */
const droppable = /^(flotilla|pulumi):/;

/** A local machine takes a boot to adopt, and the network's delete, which comes last, ends the ones it finds. */
const localMachine = 'flotilla:local:Machine';

/**
 * Decides about a stack's pending operations. A refresh settles them, and drops the creates among them. Before an `up`
 * that is right: it creates anew, and adopts. Before a `destroy` they are to be adopted first (`adopt`), or what they
 * made would run on, unknown to the state.
 */
export function planSettlement(
  stack: string,
  pending: readonly PendingOperation[],
  { adopt }: { readonly adopt: boolean },
): Settlement {
  if (pending.length === 0) return { step: 'none' };
  const creates = pending.filter(({ type }) => type === 'creating');
  const strangers = creates.filter(({ urn }) => !droppable.test(typeOf(urn)));
  if (strangers.length > 0) return { step: 'refuse', reason: refusal(stack, strangers) };
  const cutOff = pending.map(({ type, urn }) => `${type} ${nameOf(urn)}`).join(', ');
  return {
    step: 'refresh',
    reason: `putting stack ${stack} in order first: an earlier run was cut off while ${cutOff}`,
    adopt: adopt ? creates.map(({ urn }) => urn).filter((urn) => typeOf(urn) !== localMachine) : [],
  };
}

function refusal(stack: string, strangers: readonly PendingOperation[]): string {
  const named = strangers.map(({ urn }) => `  ${nameOf(urn)} (${typeOf(urn)})`);
  return [
    `An earlier run of stack ${stack} was cut off while it created these. Whether they exist, only their cloud knows, and a second one would be made beside each that does:`,
    ...named,
    `Next step: look there for each of them. Then \`npx pulumi refresh --stack ${stack}\`, at a terminal, asks about them: import by its id what exists, clear what doesn't. After that, try again.`,
  ].join('\n');
}
