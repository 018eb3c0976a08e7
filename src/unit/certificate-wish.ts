import type { CertificateWish } from '../model/flotilla-options.ts';
import { lastValue } from './effective-values.ts';
import type { UnitOption } from './parse.ts';
import { readBoolean } from './requirements.ts';
import { expandOwnSpecifiers } from './specifier.ts';

/**
 * Whose the key of a unit with `Certificate=yes` is. The user of `DynamicUser=` is there only while the unit runs, so
 * there systemd hands the key on: `LoadCredential=` reads it as root.
 */
export function readCertificate(
  unit: string,
  options: readonly UnitOption[],
  owner: string | undefined,
): CertificateWish {
  const dynamic = readBoolean(lastValue(options, 'Service', 'DynamicUser') ?? '') === true;
  const user = dynamic ? undefined : lastValue(options, 'Service', 'User');
  return { owner: owner ?? expandOwnSpecifiers(user || 'root', unit) };
}
