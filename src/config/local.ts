import * as z from 'zod';

/** `flotilla:local`: what there is to say of machines in QEMU on this computer, and of no others. */

export const imageSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/, error: 'an http or https address of a disk image' }),
    sha512: z.string().regex(/^[0-9a-f]{128}$/, 'the 128 hex digits of its SHA-512'),
  })
  .describe(
    'A cloud image to boot instead of the one that is built here; it installs packages at first boot',
  );

export const startSchema = z
  .enum(['warm', 'cold'])
  .describe('How new machines come up: from the memory of one that booted before, or by booting');

const defaultStart = 'warm';

export const localSchema = z
  .strictObject({
    image: imageSchema.optional(),
    // Not zod's default, which would hide that it was not said: it may stand in the earlier place.
    start: startSchema.optional().meta({ default: defaultStart }),
  })
  .describe('Settings of the platform local');

export type CloudImage = z.output<typeof imageSchema>;

export interface LocalSettings {
  readonly start: z.output<typeof startSchema>;
  /** The distribution's own image, instead of one that was made for Flotilla. */
  readonly image?: CloudImage;
}

/** Where the settings may stand: in their own place, or in the earlier one beside the settings of all platforms. */
interface Written {
  readonly local?: z.output<typeof localSchema> | undefined;
  readonly image?: CloudImage | undefined;
  readonly start?: LocalSettings['start'] | undefined;
}

export function localSettings({ local, image, start }: Written): LocalSettings {
  const chosen = local?.image ?? image;
  return { start: local?.start ?? start ?? defaultStart, ...(chosen ? { image: chosen } : {}) };
}
