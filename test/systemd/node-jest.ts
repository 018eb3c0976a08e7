import * as runner from 'node:test';
import { expect as jestExpect } from 'expect';

/**
 * Stands in for `@jest/globals` in the container, which has Node and no packages: what the contracts take from there,
 * on Node's own test runner.
 */
export const { describe, test } = runner;
export const expect = jestExpect;
