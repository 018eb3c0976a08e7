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
   * Jest asks for stacks of 100 frames and has each looked up in source maps. There are none, since stripping leaves
   * each word where it is. Ten are Node's own number: every `expect` takes a stack, whether it fails or not.
   */
  async setup(): Promise<void> {
    Reflect.deleteProperty(Error, 'prepareStackTrace');
    Error.stackTraceLimit = 10;
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
