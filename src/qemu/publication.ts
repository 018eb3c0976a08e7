import type { Publication } from '../model/publication.ts';

/** The contents of network.json. */
export interface NetworkConfig {
  readonly publish: readonly Publication[];
}

/**
 * Parses a network.json.
 *
 * @throws Error that names the entry and what is wrong with it
 */
export function parseNetworkConfig(text: string): NetworkConfig {
  const config: unknown = JSON.parse(text);
  const publish = isObject(config) ? config.publish : undefined;
  if (!Array.isArray(publish)) throw new Error('network.json: expected {"publish": [...]}');
  return { publish: publish.map(parsePublication) };
}

function parsePublication(entry: unknown, index: number): Publication {
  const { host, guest, machines } = isObject(entry) ? entry : {};
  if (!isPort(host) || !isPort(guest) || !Array.isArray(machines) || !machines.every(isString)) {
    throw new Error(
      `network.json: publish[${index}]: expected {"host": port, "guest": port, "machines": [names]}, not ${JSON.stringify(entry)}`,
    );
  }
  return { host, guest, machines };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536;
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
