import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import ssh2, {
  type AuthContext,
  type ServerChannel,
  type Connection as ServerConnection,
  type Session,
} from 'ssh2';
import type { SshTarget } from './connection.ts';
import { generateSshKey } from './key-pair.ts';

export interface TestServerOptions {
  /** OpenSSH private key, PEM: what the server proves itself with. */
  readonly hostPrivateKey: string;
  /** The only key it lets in, `ssh-ed25519 AAAA…`. */
  readonly userPublicKey: string;
  /** Environment of the commands it runs. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it forwards to ports (AllowTcpForwarding); it does by default. */
  readonly forwarding?: boolean;
  /** Scripts (`script`) that run as functions of this process instead, by name; each gets its standard input. */
  readonly scripts?: ReadonlyMap<string, (stdin: string) => Promise<void>>;
}

/** An SSH server in this process, on 127.0.0.1, that runs real commands and forwards to real sockets and ports. */
export class TestServer {
  readonly #server: ssh2.Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #options: TestServerOptions;
  /** What clients tried to authenticate with; an impostor must see none. */
  authentications = 0;
  /** Connections that were accepted, ever. */
  accepted = 0;
  /** Sessions open at the same time, at most. */
  mostSessions = 0;
  /** Programs so far that an ssh-agent was forwarded to. */
  forwardedAgents = 0;
  /** Ports that it was asked to forward to, `127.0.0.1:22`. */
  readonly forwards: string[] = [];
  /** While set, it answers no request for a session, as an sshd that can't fork. */
  deaf = false;
  #sessions = 0;

  constructor(options: TestServerOptions) {
    this.#options = options;
    this.#server = new ssh2.Server({ hostKeys: [options.hostPrivateKey] }, (connection) =>
      this.#accept(connection),
    );
  }

  async listen(port = 0): Promise<Pick<SshTarget, 'host' | 'port'>> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The test server has no TCP port.');
    return { host: '127.0.0.1', port: address.port };
  }

  cutConnections(): void {
    for (const connection of this.#connections) connection.end();
  }

  async close(): Promise<void> {
    this.cutConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(connection: ServerConnection): void {
    this.accepted += 1;
    this.#connections.add(connection);
    connection.on('error', () => {});
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('authentication', (context) => this.#authenticate(context));
    connection.on('session', (accept) => {
      if (!this.deaf) this.#session(accept());
    });
    connection.on('openssh.streamlocal', (accept, reject, { socketPath }) =>
      forward(connect(socketPath), accept, reject),
    );
    const ports = new Map<number, Server>();
    connection.on('close', () => {
      for (const listener of ports.values()) listener.close();
    });
    connection.on('request', (accept, reject, name, info) => {
      if (this.#options.forwarding === false) reject?.();
      else if (name === 'tcpip-forward' && 'bindPort' in info)
        void lend(connection, info.bindAddr, ports).then((port) => accept?.(port));
      else if (name === 'cancel-tcpip-forward' && 'bindPort' in info) {
        ports.get(info.bindPort)?.close();
        ports.delete(info.bindPort);
        accept?.();
      } else reject?.();
    });
    if (this.#options.forwarding === false) return;
    connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
      this.forwards.push(`${destIP}:${destPort}`);
      forward(connect(destPort, destIP), accept, reject);
    });
  }

  #authenticate(context: AuthContext): void {
    if (this.#isAllowed(context)) context.accept();
    else context.reject(['publickey']);
  }

  #isAllowed(context: AuthContext): boolean {
    this.authentications += 1;
    if (context.method !== 'publickey') return false;
    const key = ssh2.utils.parseKey(this.#options.userPublicKey);
    if (key instanceof Error || !context.key.data.equals(key.getPublicSSH())) return false;
    const { blob, signature } = context;
    // Without a signature it is only the question whether this key would do.
    return signature === undefined || blob === undefined || key.verify(blob, signature) === true;
  }

  #session(session: Session): void {
    this.#sessions += 1;
    this.mostSessions = Math.max(this.mostSessions, this.#sessions);
    session.on('close', () => {
      this.#sessions -= 1;
    });
    session.on('pty', (accept) => accept?.());
    session.on('auth-agent', (accept) => {
      this.forwardedAgents += 1;
      accept?.();
    });
    session.on('shell', (accept) => this.#run(accept(), undefined));
    session.on('exec', (accept, _reject, { command }) => this.#run(accept(), command));
  }

  #run(channel: ServerChannel, command: string | undefined): void {
    for (const [name, run] of this.#options.scripts ?? [])
      if (command?.includes(` ${name}`)) return void runHere(channel, run);
    // In place of the shell, so that ending the process group ends the command.
    const args = command === undefined ? [] : ['-c', `exec ${command}`];
    const child = spawn('/bin/sh', args, { env: this.#options.env ?? process.env, detached: true });
    const kill = (signal: NodeJS.Signals) => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
    };
    channel.on('error', () => {});
    channel.on('close', () => child.signalCode === null && kill('SIGTERM'));
    child.stdin.on('error', () => {});
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.once('close', (code, signal) => {
      if (signal === null) channel.exit(code ?? 255);
      else channel.exit(signal.replace(/^SIG/, ''), false, '');
      // Closes once all is sent; `close` would drop what still waits for the client's window.
      channel.end();
    });
  }
}

async function runHere(channel: ServerChannel, run: (stdin: string) => Promise<void>): Promise<void> {
  channel.on('error', () => {});
  // By hand: whoever iterates over a channel destroys it in the end, with what it was to say.
  const pieces: Buffer[] = [];
  channel.on('data', (piece: Buffer) => pieces.push(piece));
  const status = await once(channel, 'end')
    .then(() => run(Buffer.concat(pieces).toString()))
    .then(
      () => 0,
      (error: unknown) => {
        channel.stderr.write(`${error}\n`);
        return 1;
      },
    );
  channel.exit(status);
  channel.end();
}

/** Joins the client's channel to what it asked for, once that is there. */
function forward(socket: Socket, accept: () => ServerChannel, reject: () => void): void {
  socket.setNoDelay(true);
  socket.once('error', () => reject());
  socket.once('connect', () => {
    const channel = accept();
    channel.pipe(socket).pipe(channel);
    channel.on('error', () => socket.destroy());
    socket.on('error', () => channel.close());
  });
}

/** A port of this computer whose connections all go to the client; the one that was asked for is 0, any. */
async function lend(
  connection: ServerConnection,
  address: string,
  ports: Map<number, Server>,
): Promise<number> {
  const listener = createServer((socket) => {
    const { remoteAddress = '', remotePort = 0 } = socket;
    socket.on('error', () => socket.destroy());
    connection.forwardOut(address, port, remoteAddress, remotePort, (error, channel) => {
      if (error) return socket.destroy();
      channel.pipe(socket).pipe(channel);
      channel.on('error', () => socket.destroy());
      channel.once('close', () => socket.destroy());
      socket.once('close', () => channel.close());
    });
  });
  await once(listener.listen(0, address), 'listening');
  const bound = listener.address();
  const port = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
  ports.set(port, listener);
  return port;
}

/** A listening server with fresh keys, and the target that fits it. */
export async function startTestServer(
  options: Pick<TestServerOptions, 'env' | 'forwarding' | 'scripts'> & { readonly user?: string } = {},
): Promise<{ server: TestServer; target: SshTarget }> {
  const host = generateSshKey('host');
  const user = generateSshKey('user');
  const keys = { hostPrivateKey: host.privateKey, userPublicKey: user.publicKey };
  const server = new TestServer({ ...options, ...keys });
  const address = await server.listen();
  const target = {
    name: 'core-1',
    user: options.user ?? 'core',
    privateKey: user.privateKey,
    hostKey: host.publicKey,
    ...address,
  };
  return { server, target };
}
