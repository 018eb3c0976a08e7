import { isPackage } from './own-files.ts';

/** What brings a stack up, and what also looks at what is there, and brings back what went. */
interface Up {
  /** When it is not the one that is selected. */
  readonly stack?: string | undefined;
  readonly refresh?: boolean;
}

/** To be run as it is: a clone's own command, or plain Pulumi where Flotilla is an installed package. */
export function upLine({ stack, refresh = false }: Up = {}, installed = isPackage): string {
  const flags = [...(refresh ? ['--refresh'] : []), ...(stack === undefined ? [] : ['--stack', stack])];
  const program = installed ? 'pulumi up' : ['npm run up', ...(flags.length > 0 ? ['--'] : [])].join(' ');
  return [program, ...flags].join(' ');
}

/** In the middle of a sentence. */
export function upCommand(installed = isPackage, stack?: string): string {
  return `\`${upLine({ stack }, installed)}\``;
}

/** In the middle of a sentence. */
export function refreshCommand(installed = isPackage): string {
  return `\`${upLine({ refresh: true }, installed)}\``;
}
