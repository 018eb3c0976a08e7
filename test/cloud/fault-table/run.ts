import { join } from 'node:path';
import { messageOf } from '../../../src/model/message-of.ts';
import { TestStack } from '../test-stack.ts';
import type { FaultyCloud } from './cloud.ts';
import type { Row } from './row.ts';

/** How a run ended, and all that it said. */
interface Ended {
  readonly ok: boolean;
  readonly said: string;
}

const flags = { up: [], 'up again': [], 'up --refresh': ['--refresh'], destroy: [] } as const;

/** One stack on one test cloud, which each row brings up, breaks, mends and destroys. */
export class FaultTable {
  readonly #cloud: FaultyCloud;
  readonly #stack: TestStack;
  readonly #variables: NodeJS.ProcessEnv = {};
  /** What a run without faults leaves there, by config. */
  readonly #whole = new Map<boolean, readonly string[]>();

  constructor(platform: string, cloud: FaultyCloud) {
    this.#cloud = cloud;
    Object.assign(this.#variables, cloud.variables);
    this.#stack = new TestStack(platform, {
      program: join(import.meta.dirname, 'program.ts'),
      variables: this.#variables,
    });
  }

  async open(): Promise<void> {
    await this.#stack.init();
  }

  remove(): void {
    this.#stack.remove();
  }

  /** @returns what is not as it should be; none when the row holds */
  async problemsOf(row: Row): Promise<string[]> {
    const balanced = row.config === 'load balancer';
    this.#stack.write(configOf(this.#cloud, balanced));
    const whole = await this.#wholeOf(balanced);
    if (row.run !== undefined && row.run !== 'up') await this.#must('up');
    if (row.change) this.#stack.write({ ...configOf(this.#cloud, balanced), ...row.change });
    const before = this.#cloud.changes();
    const ended = await this.#met(row);
    const problems = this.#judge(row, ended);
    if (row.change) {
      if (this.#cloud.changes() !== before) problems.push('something was made or deleted in spite of it');
      this.#stack.write(configOf(this.#cloud, balanced));
    }
    this.#cloud.faults.clear();
    if (row.mend)
      await this.#do(row.mend, ended.said).catch((error: unknown) => {
        problems.push(`${row.mend}: ${messageOf(error)}`);
      });
    const converged = await this.#run('up', row.flags ?? []);
    if (!converged.ok) problems.push(`the next up failed:\n${converged.said}`);
    problems.push(...differences('after the next up', whole, this.#cloud.inventory()));
    const gone = await this.#run('destroy', []);
    if (!gone.ok) problems.push(`destroy failed:\n${gone.said}`);
    problems.push(...differences('after destroy', [], this.#cloud.inventory()));
    return [...problems, ...this.#cloud.failures().map((error) => `the cloud itself: ${messageOf(error)}`)];
  }

  async #met(row: Row): Promise<Ended> {
    const { run = 'up', faults = [], before, variables = {} } = row;
    if (before) await this.#do(before, '');
    this.#cloud.faults.add(...faults);
    Object.assign(this.#variables, variables);
    const ended = await this.#run(run === 'destroy' ? run : 'up', flags[run]);
    for (const name of Object.keys(variables)) delete this.#variables[name];
    Object.assign(this.#variables, this.#cloud.variables);
    return ended;
  }

  #judge({ expected }: Row, { ok, said }: Ended): string[] {
    const unmet = this.#cloud.faults.unmet().map((fault) => `nothing met the fault ${fault}`);
    if (expected === 'retried') return [...unmet, ...(ok ? [] : [`it failed:\n${said}`])];
    const { resource, cause, next, warns = false } = expected;
    const missing = [resource, cause, `Next step: ${next}`].filter((part) => !flat(said).includes(part));
    return [
      ...unmet,
      ...(ok === warns ? [] : [`it ${ok ? 'went well' : 'failed'}:\n${said}`]),
      ...(missing.length > 0 ? [`it did not say ${missing.join(' and ')}:\n${said}`] : []),
    ];
  }

  async #wholeOf(balanced: boolean): Promise<readonly string[]> {
    const known = this.#whole.get(balanced);
    if (known) return known;
    await this.#must('up');
    const whole = this.#cloud.inventory();
    await this.#must('destroy');
    this.#whole.set(balanced, whole);
    return whole;
  }

  async #do(deed: string, said: string): Promise<void> {
    const act = this.#cloud.deeds[deed];
    if (!act) throw new Error(`the cloud knows no deed "${deed}"`);
    await act(said);
  }

  async #must(command: 'up' | 'destroy'): Promise<void> {
    const { ok, said } = await this.#run(command, []);
    if (!ok) throw new Error(`without faults it failed:\n${said}`);
  }

  async #run(command: 'up' | 'destroy', args: readonly string[]): Promise<Ended> {
    const ran = this.#stack[command](...args);
    return ran.then(
      (said) => ({ ok: true, said }),
      (error: unknown) => ({ ok: false, said: messageOf(error) }),
    );
  }
}

function configOf(cloud: FaultyCloud, loadBalancer: boolean): Readonly<Record<string, unknown>> {
  const publish = loadBalancer ? { '80': 8080 } : {};
  return {
    ...cloud.config(loadBalancer),
    'flotilla:machines': { core: { count: 1, etcd: true, publish }, worker: { count: 1 } },
  };
}

/** Each thing as often as it is there: what was made twice is a difference. */
function differences(when: string, wanted: readonly string[], found: readonly string[]): string[] {
  return wanted.join('\n') === found.join('\n')
    ? []
    : [`${when} there is\n  ${found.join('\n  ')}\nin place of\n  ${wanted.join('\n  ')}`];
}

/** Pulumi breaks lines where it likes. */
const flat = (text: string) => text.replace(/\s+/g, ' ');
