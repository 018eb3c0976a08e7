import type { UnitFile } from '../model/unit.ts';
import { instanceOf } from './name.ts';

/** More instances of one template than this are taken for a typing mistake. */
export const maxInstances = 1000;

/** `hello@.service` and 3 → hello@1.service, hello@2.service, hello@3.service. All share the template's contents. */
export function expandTemplate(template: UnitFile, count: number): UnitFile[] {
  return Array.from({ length: count }, (_, i) => ({
    ...template,
    name: instanceOf(template.name, String(i + 1)),
  }));
}
