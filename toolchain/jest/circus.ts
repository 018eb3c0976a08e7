import asyncHooks, { type AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Where jest-circus keeps who listens to it. */
const listeners = Symbol.for('EVENT_HANDLERS');
/** Where `jest.setTimeout` leaves what jest-circus reads when the tests begin: milliseconds. */
export const timeout = Symbol.for('TEST_TIMEOUT_SYMBOL');

/** jest-circus for one test file: it keeps tests in its module, and listeners in the process. */
export class Circus {
  /** Storages of its own. One that stays open makes every promise of the process dearer, for ever. */
  readonly #storages: AsyncLocalStorage<unknown>[] = [];

  /** @param path the module of jest-circus that jest wants */
  load(path: string): unknown {
    Reflect.deleteProperty(globalThis, listeners);
    Reflect.deleteProperty(globalThis, timeout);
    delete require.cache[path];
    return this.#storagesOf(() => require(path));
  }

  close(): void {
    for (const storage of this.#storages) storage.disable();
  }

  /** Node gives the class by a getter, which is replaced while `load` asks for it. */
  #storagesOf(load: () => unknown): unknown {
    const { AsyncLocalStorage } = asyncHooks;
    const getter = Object.getOwnPropertyDescriptor(asyncHooks, 'AsyncLocalStorage') ?? {};
    const storages = this.#storages;
    class Noted<T> extends AsyncLocalStorage<T> {
      constructor() {
        super();
        storages.push(this);
      }
    }
    Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { value: Noted, configurable: true });
    try {
      return load();
    } finally {
      Object.defineProperty(asyncHooks, 'AsyncLocalStorage', getter);
    }
  }
}
