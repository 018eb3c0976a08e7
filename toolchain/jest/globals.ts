import type * as Jest from '@jest/globals';
import { globalsKey } from './globals-key.ts';

/** `@jest/globals` of the test file that is being run: `modules.ts` leads here, `runtime.ts` has put them there. */
const globals: typeof Jest = Reflect.get(globalThis, globalsKey);

export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } = globals;
