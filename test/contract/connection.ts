import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Command, type Connection, outputLimit } from '../../src/ssh/connection.ts';
import { ConnectionLostError } from '../../src/ssh/errors.ts';
import type { Call, Outcome, Program } from '../../src/ssh/fake.ts';
import { script } from '../../src/ssh/script.ts';

export interface ConnectionHarness {
  /** A new connection as a user who is not root. */
  connect(): Promise<Connection>;
  /** Every connection breaks, as if the machine's network went away. */
  cutConnections(): void;
  /** A socket on the machine that sends back what it gets. */
  readonly echoSocket: string;
  /** A TCP port on the machine that does the same. */
  readonly echoPort: number;
  /** A host that the machine reaches, on which that port does so too. */
  readonly echoHost: string;
  close(): Promise<void>;
}

/** Each program twice: as a script for machines that have a shell, and as a function for those that have none. */
export const contractPrograms: Readonly<
  Record<string, { readonly body: string; readonly program: Program }>
> = {
  'print-arguments': {
    body: `printf '%s\\n' "$@"`,
    program: ({ args }) => ({ stdout: args.map((argument) => `${argument}\n`).join('') }),
  },
  'copy-input': { body: 'cat', program: ({ stdin }) => ({ stdout: stdin }) },
  complain: { body: 'echo bad >&2; exit 3', program: () => ({ status: 3, stderr: 'bad\n' }) },
  'die-by-signal': { body: 'kill -KILL $$', program: () => ({ status: 137 }) },
  'say-who': {
    body: `echo "\${AS_ROOT:-core}"`,
    program: ({ root }) => ({ stdout: root ? 'root\n' : 'core\n' }),
  },
  hang: { body: 'exec sleep 600', program: hang },
  flood: {
    body: `head -c "$1" /dev/zero`,
    program: ({ args }) => ({ stdout: '\0'.repeat(Number(args[0])) }),
  },
  'ignore-input': { body: 'exit 0', program: () => ({}) },
};

function hang({ signal }: Call): Promise<Outcome> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve({})));
}

function command(name: string, args: readonly string[] = [], options: Omit<Command, 'argv'> = {}): Command {
  return script(name, contractPrograms[name]?.body ?? '', args, options);
}

/** What every `Connection` must do. */
export function connectionContract(name: string, start: () => Promise<ConnectionHarness>): void {
  describe(`Connection contract: ${name}`, () => {
    let harness: ConnectionHarness;
    let connection: Connection;
    beforeAll(async () => {
      harness = await start();
      connection = await harness.connect();
    });
    afterAll(async () => {
      await connection.close();
      await harness.close();
    });

    test('arguments arrive byte for byte', async () => {
      const args = ['', ' ', "it's", '"quoted"', '$HOME `id` \\', '*', 'a\tb', 'zß→', '-n', '~root'];
      const result = await connection.exec(command('print-arguments', args));
      expect(result).toEqual({ status: 0, stdout: args.map((word) => `${word}\n`).join(''), stderr: '' });
    });

    test('standard input is fed and closed', async () => {
      const stdin = 'first\nsecond\n'.repeat(20_000);
      expect((await connection.exec(command('copy-input', [], { stdin }))).stdout).toBe(stdin);
      expect((await connection.exec(command('copy-input'))).stdout).toBe('');
    });

    test('a command may leave its input unread', async () => {
      const result = await connection.exec(command('ignore-input', [], { stdin: 'x'.repeat(1_000_000) }));
      expect(result.status).toBe(0);
    });

    test('any exit status is an answer, not an error', async () => {
      expect(await connection.exec(command('complain'))).toEqual({ status: 3, stdout: '', stderr: 'bad\n' });
    });

    test('an end by signal is 128 + its number', async () => {
      expect((await connection.exec(command('die-by-signal'))).status).toBe(137);
    });

    test('a program that is not there is status 127', async () => {
      expect((await connection.exec({ argv: ['flotilla-no-such-program'] })).status).toBe(127);
    });

    test('root is asked for per command', async () => {
      expect((await connection.exec(command('say-who'))).stdout).toBe('core\n');
      expect((await connection.exec(command('say-who', [], { root: true }))).stdout).toBe('root\n');
    });

    test('a timeout names command and machine, and the connection goes on', async () => {
      const late = connection.exec(command('hang', [], { timeout: 0.2 }));
      await expect(late).rejects.toThrow(
        new RegExp(`hang on ${connection.target.name} was given up after 0.2 s`),
      );
      expect((await connection.exec(command('complain'))).status).toBe(3);
    });

    test('an abort ends the wait with its reason', async () => {
      const stop = new AbortController();
      const hanging = connection.exec(command('hang'), stop.signal);
      setTimeout(() => stop.abort(new Error('enough')), 50);
      await expect(hanging).rejects.toThrow('enough');
      await expect(connection.exec(command('complain'), stop.signal)).rejects.toThrow('enough');
    });

    test('output is bounded', async () => {
      const most = await connection.exec(command('flood', [String(outputLimit)]));
      expect(most.stdout.length).toBe(outputLimit);
      await expect(connection.exec(command('flood', [String(outputLimit + 1)]))).rejects.toThrow(
        'printed more than',
      );
    });

    test('thirty commands at once all end', async () => {
      const runs = Array.from({ length: 30 }, (_, i) =>
        connection.exec(command('print-arguments', [String(i)])),
      );
      expect((await Promise.all(runs)).map((result) => result.stdout)).toEqual(
        Array.from({ length: 30 }, (_, i) => `${i}\n`),
      );
    });

    test.each([
      ['unix socket', () => connection.openSocket(harness.echoSocket)],
      ['port', () => connection.openPort(harness.echoPort)],
      ["host's port", () => connection.openPort(harness.echoPort, { host: harness.echoHost })],
    ])('a %s is a byte stream both ways', async (_what, open) => {
      const stream = await open();
      stream.write('hello');
      const [chunk] = await once(stream, 'data');
      expect(String(chunk)).toBe('hello');
      stream.end();
      await once(stream, 'close');
    });

    test('a socket or port that is not there is named', async () => {
      await expect(connection.openSocket('/nowhere.sock')).rejects.toThrow('/nowhere.sock');
      await expect(connection.openPort(1)).rejects.toThrow('open port 1');
      const { echoHost: host } = harness;
      await expect(connection.openPort(1, { host })).rejects.toThrow(`reach ${host}:1`);
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(connection.openPort(harness.echoPort, { signal })).rejects.toThrow('enough');
    });

    test('a port that leads here takes each connection that is made to it on the machine', async () => {
      const listening = await connection.listen((stream) => stream.pipe(stream));
      const other = await connection.listen((stream) => stream.end('other'));
      expect(other.port).not.toBe(listening.port);
      for (const word of ['first', 'second']) {
        const stream = await connection.openPort(listening.port);
        stream.write(word);
        const [chunk] = await once(stream, 'data');
        expect(String(chunk)).toBe(word);
        stream.end();
        await once(stream, 'close');
      }
      const [chunk] = await once(await connection.openPort(other.port), 'data');
      expect(String(chunk)).toBe('other');
      await listening.close();
      await listening.close();
      await expect(connection.openPort(listening.port)).rejects.toThrow(`open port ${listening.port}`);
      await other.close();
    });

    test('a port that leads here ends with its connection, and what came through it too', async () => {
      const doomed = await harness.connect();
      const { port, close } = await doomed.listen((stream) => stream.pipe(stream));
      const stream = await doomed.openPort(port);
      stream.on('error', () => {});
      stream.write('hello');
      await once(stream, 'data');
      const closed = once(stream.resume(), 'close');
      harness.cutConnections();
      await closed;
      await close();
      await doomed.close();
      await expect(doomed.listen(() => undefined)).rejects.toBeInstanceOf(ConnectionLostError);
      connection = await harness.connect();
      await expect(connection.openPort(port)).rejects.toThrow(`open port ${port}`);
    });

    test('a lost connection fails what runs and what comes after, and says so by class', async () => {
      const doomed = await harness.connect();
      expect(doomed.alive).toBe(true);
      const hanging = doomed.exec(command('hang'));
      const stream = await doomed.openSocket(harness.echoSocket);
      const streamClosed = once(stream.resume(), 'close');
      stream.on('error', () => {});
      const expectation = expect(hanging).rejects.toBeInstanceOf(ConnectionLostError);
      harness.cutConnections();
      await expectation;
      await streamClosed;
      expect(doomed.alive).toBe(false);
      await expect(doomed.exec(command('complain'))).rejects.toBeInstanceOf(ConnectionLostError);
      await expect(doomed.openSocket(harness.echoSocket)).rejects.toBeInstanceOf(ConnectionLostError);
      await doomed.close();
      connection = await harness.connect();
    });

    test('a closed connection takes no more commands', async () => {
      const closed = await harness.connect();
      await closed.close();
      await closed.close();
      expect(closed.alive).toBe(false);
      await expect(closed.exec(command('complain'))).rejects.toBeInstanceOf(ConnectionLostError);
    });
  });
}
