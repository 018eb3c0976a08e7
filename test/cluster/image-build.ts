import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { givenUp, onMachine, until } from './observe.ts';
import type { Stack } from './stack.ts';

/** What a step may not reach, from inside of it. Each line is one address and what came of it. */
const attempts = `for place in $PLACES; do
  if busybox nc -w 3 \${place%:*} \${place#*:} </dev/null >/dev/null 2>&1; then echo "$place answered"; else echo "$place is silent"; fi
done`;

const networks = ['docker', 'network', 'ls', '--quiet', '--filter', 'label=flotilla.build'];
const rules = ['sudo', 'iptables', '--wait', '--table', 'raw', '--list-rules'];

/** With etcd, which nothing that is built may reach. */
const builder = 'core-1';
const machines = [builder, 'worker-1'];

/** Builds on the stack's machines, from the image that hello has made of their busybox: there is no registry. */
export function testImageBuild(stack: () => Stack): void {
  const folder = () => join(stack().clone, 'built');
  const write = (steps: readonly string[]) => {
    stack().mkdir('built');
    writeFileSync(join(folder(), 'word'), 'from the context\n');
    writeFileSync(join(folder(), 'Dockerfile'), ['FROM hello', ...steps, ''].join('\n'));
  };
  const build = (...options: readonly string[]) =>
    stack().flotilla(['image', 'build', folder(), '--name', 'built:1', '--machine', builder, ...options]);
  const isClean = async () => {
    const asked = [networks, rules].map((command) => onMachine(stack(), builder, command));
    const [left, table] = await Promise.all(asked);
    return left === '' && !table?.includes('fb-') && !table?.includes('docker.service');
  };
  const nothingIsLeft = () => until(givenUp, isClean, 5000);

  /** What the step that tries every address said. */
  let tried = '';
  const forbidden = async () => {
    const addresses = Object.values((await stack().outputs()).machines);
    return [...addresses.flatMap((each) => [`${each}:2379`, `${each}:22`]), '169.254.169.254:80'];
  };

  test('come to every machine, and a second one sends nothing', async () => {
    const places = (await forbidden()).join(' ');
    write([
      'COPY word /word',
      'RUN busybox cat /word /word > /words',
      `RUN PLACES="${places}"; ${attempts.replaceAll('\n', ' ')}`,
    ]);
    const first = await build();
    expect([first.status, first.output]).toEqual([0, expect.stringContaining('Step 3/4 : RUN busybox cat')]);
    expect(first.output).toContain('built:1 is on core-1, worker-1; 0 B left this computer.');
    tried = first.output;
    for (const name of machines) {
      const words = ['docker', 'run', '--rm', '--pull', 'never', 'built:1', 'busybox', 'cat', '/words'];
      expect(await onMachine(stack(), name, words)).toBe('from the context\nfrom the context');
    }
    const again = await build();
    expect(again.output).toContain('Using cache');
    for (const name of machines) expect(again.output).toMatch(new RegExp(`^${name} +nothing `, 'm'));
    await nothingIsLeft();
  });

  test('reach neither etcd nor any machine nor the metadata service', async () => {
    const places = await forbidden();
    expect(places).toHaveLength(5);
    for (const place of places) expect(tried).toContain(`${place} is silent`);
    // The same question on the machine itself is answered, so it is the rules that make the difference.
    const own = `busybox nc -w 3 ${places[0]?.replace(':', ' ')} </dev/null && echo answered`;
    expect(await onMachine(stack(), builder, ['sh', '-c', own])).toBe('answered');
  });

  test('that fail name the step and what it said', async () => {
    write(['RUN echo the disk is on fire; exit 3']);
    const { status, output } = await build();
    expect(status).toBe(1);
    expect(output).toMatch(/core-1: the build failed at step 2\/2, RUN echo the disk.*non-zero code: 3/);
    expect(output).toContain('  | the disk is on fire');
    const containers = ['docker', 'ps', '--all', '--quiet', '--filter', 'status=exited'];
    expect(await onMachine(stack(), builder, containers)).toBe('');
    await nothingIsLeft();
  });

  test('that are stopped leave nothing on the machine', async () => {
    write(['RUN busybox sleep 600']);
    let pid = 0;
    const { status, output } = await stack().flotilla(
      ['image', 'build', folder(), '--name', 'built:2', '--machine', builder],
      {
        onStart: (started) => {
          pid = started;
        },
        log: (text) => {
          if (text.includes('Running in')) setTimeout(() => process.kill(pid, 'SIGINT'), 3000);
        },
      },
    );
    expect([status, output]).toEqual([130, expect.stringContaining('core-1 ends the build')]);
    const running = ['sh', '-c', 'docker ps --all --no-trunc | grep -c "sleep 600"; true'];
    await until(givenUp, async () => (await onMachine(stack(), builder, running)) === '0');
    await nothingIsLeft();
  });
}
