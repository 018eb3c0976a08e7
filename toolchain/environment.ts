import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { flotillaHome } from '../src/model/home.ts';

/** Environment variables as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What of the surroundings decides the environment in which the Pulumi CLI runs. */
export interface Surroundings {
  /** Absolute path of the clone. */
  readonly clone: string;
  /** The user's environment. */
  readonly environment: Environment;
  /** `current` of Pulumi's credentials.json: the backend that `pulumi login` chose, if any. */
  readonly login: string | undefined;
  /** The user's arguments to pulumi. */
  readonly args: readonly string[];
}

/** The environment in which the Pulumi CLI runs, and what must exist before it starts. */
export interface PulumiEnvironment {
  readonly variables: Environment;
  /** The backend in force, as far as it can be known from outside; undefined means: Pulumi decides. */
  readonly backend: string | undefined;
  /** Folder to make (mode 0700) for the clone's own backend. */
  readonly stateFolder: string | undefined;
  /** File to fill (mode 0600) with a random passphrase if there is none. */
  readonly passphraseFile: string | undefined;
}

/** Defaults for every run: nothing is asked of or fetched from the internet behind the user's back (plugins: plugin.ts). */
const QUIET = {
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  PULUMI_DISABLE_REGISTRY_RESOLVE: 'true',
};

/** Commands that choose the backend themselves. A default of ours would overrule them. */
const CHOOSES_BACKEND: ReadonlySet<string> = new Set(['login', 'logout']);

/**
 * Computes the environment of the Pulumi CLI. Whatever the user has set stays as it is, empty values included.
 *
 * Who is logged in nowhere gets a file backend in the clone, and for that one only a passphrase in a file beside
 * it: state and passphrase are lost or kept together.
 */
export function pulumiEnvironment(surroundings: Surroundings): PulumiEnvironment {
  const { clone, environment } = surroundings;
  const home = flotillaHome(clone, environment);
  const own = pathToFileURL(join(home, 'state')).href;
  const backend = chosenBackend(surroundings) ?? (choosesBackend(surroundings) ? undefined : own);
  const isOwn = backend === own;
  const needsPassphrase =
    isOwn &&
    environment.PULUMI_CONFIG_PASSPHRASE === undefined &&
    environment.PULUMI_CONFIG_PASSPHRASE_FILE === undefined;
  const passphraseFile = needsPassphrase ? join(home, 'passphrase') : undefined;
  return {
    variables: {
      ...QUIET,
      // Node keeps what it compiled (nodejs.org/api/module.html, "Module compile cache"): a run starts sooner.
      NODE_COMPILE_CACHE: join(home, 'compiled'),
      ...environment,
      ...(isOwn && { PULUMI_BACKEND_URL: own }),
      ...(passphraseFile !== undefined && { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile }),
      PATH: [join(clone, 'node_modules', '.bin'), environment.PATH].filter(Boolean).join(':'),
    },
    backend,
    stateFolder: isOwn ? join(home, 'state') : undefined,
    passphraseFile,
  };
}

/** Pulumi's own order: the variable, then the login. An access token alone means Pulumi Cloud. */
function chosenBackend({ environment, login }: Surroundings): string | undefined {
  if (environment.PULUMI_BACKEND_URL) return environment.PULUMI_BACKEND_URL;
  if (login) return login;
  return environment.PULUMI_ACCESS_TOKEN ? 'https://api.pulumi.com' : undefined;
}

function choosesBackend({ args }: Surroundings): boolean {
  const command = args.find((argument) => !argument.startsWith('-'));
  return command !== undefined && CHOOSES_BACKEND.has(command);
}

/**
 * Folder of a file backend, undefined for any other. Pulumi takes `file://~` for the user's home and
 * `file://./x` relative to the project, neither of which is a URL by the book.
 */
export function backendFolder(backend: string | undefined, clone: string): string | undefined {
  if (!backend?.startsWith('file://')) return undefined;
  const path = backend.slice('file://'.length);
  if (path.startsWith('/')) return fileURLToPath(backend);
  return path.startsWith('~') ? join(homedir(), path.slice(1)) : join(clone, path);
}
