import { isPackage } from './own-files.ts';

/** What brings a stack up, for messages: a clone's own command, or plain Pulumi where Flotilla is an installed package. */
export function upCommand(installed = isPackage): string {
  return installed ? '`pulumi up`' : '`npm run up`';
}

/** The same, which also looks at what is there, and brings back what went. */
export function refreshCommand(installed = isPackage): string {
  return installed ? '`pulumi up --refresh`' : '`npm run up -- --refresh`';
}
