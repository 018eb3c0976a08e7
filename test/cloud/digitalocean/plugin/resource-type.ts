import type * as z from 'zod';
import type * as plugin from '../../plugin/resource-type.ts';
import type { Client } from './client.ts';
import type { Settings } from './settings.ts';

/** What a resource type works with. */
export interface Session {
  readonly client: Client;
  readonly settings: Settings;
}

export type ResourceType<Shape extends z.core.$ZodShape> = plugin.ResourceType<Session, Shape>;

/** DigitalOcean takes names as long as Pulumi makes them. */
export const autoName: plugin.AutoName = { property: 'name', longest: 255 };
