/** Where machines come from, the default first. */
export const platformNames = ['local', 'aws', 'digitalocean', 'hosts'] as const;

export type PlatformName = (typeof platformNames)[number];
