import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/** Jest's settings for this run, of which its timers read their own. */
type Settings = ConstructorParameters<typeof ModernFakeTimers>[0]['config'];

/** The process itself. What a test file leaves behind there is put right after it. */
export default class ProcessEnvironment {
  readonly global = globalThis;
  readonly moduleMocker = new ModuleMocker(globalThis);
  /** Of old, which nobody asks for. */
  readonly fakeTimers = null;
  readonly fakeTimersModern: ModernFakeTimers;
  readonly #before = {
    console,
    environment: { ...process.env },
    exit: process.exit,
    folder: process.cwd(),
    exitCode: process.exitCode,
  };

  constructor({ projectConfig }: { readonly projectConfig: Settings }) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  /**
   * Jest has every stack's frames looked up in source maps. There are none, since stripping leaves each word where it
   * is, and Pulumi takes a stack for each of its promises.
   */
  async setup(): Promise<void> {
    Reflect.deleteProperty(Error, 'prepareStackTrace');
  }

  async teardown(): Promise<void> {
    const { environment, exit, exitCode, folder } = this.#before;
    this.fakeTimersModern.dispose();
    this.moduleMocker.restoreAllMocks();
    globalThis.console = this.#before.console;
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
    process.exit = exit;
    process.exitCode = exitCode;
    process.chdir(folder);
  }

  exportConditions(): string[] {
    return ['node', 'node-addons'];
  }

  /** There is none; jest wants to see that the question is known. */
  getVmContext(): null {
    return null;
  }
}
