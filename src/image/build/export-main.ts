import { messageOf } from '../../model/message-of.ts';
import { type ExportConfig, exportImage } from './export-image.ts';

/** The program of an export: built-image.ts puts the config before it. */
const { flotillaExport } = globalThis as unknown as { readonly flotillaExport: ExportConfig };
try {
  process.stdout.write(JSON.stringify(await exportImage(flotillaExport)));
} catch (error) {
  process.stderr.write(messageOf(error));
  process.exitCode = 1;
}
