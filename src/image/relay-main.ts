import { runRelay } from './relay.ts';
import type { RelayConfig } from './relay-config.ts';

/** The program of a relay: relay-program.ts puts the config before it. */
const { flotillaRelay } = globalThis as unknown as { readonly flotillaRelay: RelayConfig };
await runRelay(flotillaRelay);
process.exit(0);
