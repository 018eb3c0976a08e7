import { createRequire } from 'node:module';
import { Circus, timeout } from './circus.ts';
import type ProcessEnvironment from './environment.ts';
import { globalsKey } from './globals-key.ts';
import { Modules } from './modules.ts';

const require = createRequire(import.meta.url);

/** One in each process, since Node keeps its hooks. */
let modules: Modules | undefined;
let runs = 0;

/**
 * Runs a test file as Node runs the program: in the process itself, and by Node's own loader. In place of
 * `jest-runtime`, of which it has what jest-circus asks for (docs/decisions/0042).
 */
export default class ProcessRuntime {
  readonly #modules: Modules;
  readonly #environment: ProcessEnvironment;
  readonly #circus = new Circus();
  readonly #run = ++runs;

  constructor({ rootDir }: { readonly rootDir: string }, environment: ProcessEnvironment) {
    modules ??= new Modules(rootDir);
    this.#modules = modules;
    this.#environment = environment;
  }

  unstable_shouldLoadAsEsm(): boolean {
    return true;
  }

  unstable_importModule(path: string): Promise<unknown> {
    return this.#modules.import(path, this.#run);
  }

  requireModule(path: string): unknown {
    return require(path);
  }

  requireInternalModule(path: string): unknown {
    return this.#circus.load(path);
  }

  setGlobalsForRuntime(globals: object): void {
    Reflect.set(globalThis, globalsKey, { ...globals, jest: this.#jest() });
  }

  /** Of jest's object what the tests use; what is not here is `undefined`, and a test that needs it fails. */
  #jest() {
    const { moduleMocker, fakeTimersModern } = this.#environment;
    return {
      fn: moduleMocker.fn.bind(moduleMocker),
      spyOn: moduleMocker.spyOn.bind(moduleMocker),
      restoreAllMocks: () => moduleMocker.restoreAllMocks(),
      useFakeTimers: (...settings: Parameters<typeof fakeTimersModern.useFakeTimers>) =>
        fakeTimersModern.useFakeTimers(...settings),
      useRealTimers: () => fakeTimersModern.useRealTimers(),
      advanceTimersByTime: (ms: number) => fakeTimersModern.advanceTimersByTime(ms),
      advanceTimersByTimeAsync: (ms: number) => fakeTimersModern.advanceTimersByTimeAsync(ms),
      setTimeout: (ms: number) => Reflect.set(globalThis, timeout, ms),
    };
  }

  enterTestCode(): void {}

  leaveTestCode(): void {}

  teardown(): void {
    this.#circus.close();
  }

  getSourceMaps(): null {
    return null;
  }

  getAllCoverageInfoCopy(): undefined {
    return undefined;
  }
}
