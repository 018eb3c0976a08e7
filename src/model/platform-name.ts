/** Where machines come from, the default first. */
export const platformNames = ['local', 'aws', 'digitalocean', 'hosts'] as const;

export type PlatformName = (typeof platformNames)[number];

/** Those whose machines are somebody else's, and whose resources are of a package of Pulumi's that has the same name. */
const clouds = ['aws', 'digitalocean'] as const satisfies readonly PlatformName[];

export type Cloud = (typeof clouds)[number];

export function isCloud(platform: unknown): platform is Cloud {
  return clouds.some((each) => each === platform);
}
