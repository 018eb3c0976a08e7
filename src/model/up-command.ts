import { isPackage } from './own-files.ts';

/**
 * What brings a stack up, for messages: a clone's own command, or plain Pulumi where Flotilla is an installed package.
 *
 * @param stack when it is not the one that is selected
 */
export function upCommand(installed = isPackage, stack?: string): string {
  if (stack === undefined) return installed ? '`pulumi up`' : '`npm run up`';
  return installed ? `\`pulumi up --stack ${stack}\`` : `\`npm run up -- --stack ${stack}\``;
}

/** The same, which also looks at what is there, and brings back what went. */
export function refreshCommand(installed = isPackage): string {
  return installed ? '`pulumi up --refresh`' : '`npm run up -- --refresh`';
}
