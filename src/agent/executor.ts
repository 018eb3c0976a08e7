import type { Placement } from '../model/placement.ts';
import { fileKey } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { Operation } from './reconcile.ts';
import type { Systemd } from './systemd.ts';

/**
 * Does what `reconcile` found, each kind of operation in one go. Files are fetched before anything is stopped:
 * without the new file the old unit shall go on running.
 */
export async function execute(
  operations: readonly Operation[],
  desired: readonly Placement[],
  { store, systemd }: { store: Store; systemd: Systemd },
): Promise<void> {
  const unitsOf = (type: Operation['type']) =>
    operations.filter((operation) => operation.type === type).map(({ unit }) => unit);
  const installs = unitsOf('install');
  const write = await fetchFiles(
    store,
    desired.filter(({ unit }) => installs.includes(unit)),
  );
  const [stops, removes, starts] = [unitsOf('stop'), unitsOf('remove'), unitsOf('start')];
  if (stops.length > 0) await systemd.stop(stops);
  if (write.length + removes.length > 0) await systemd.install(write, removes);
  if (starts.length > 0) await systemd.start(starts);
}

async function fetchFiles(
  store: Store,
  placements: readonly Placement[],
): Promise<{ name: string; contents: string }[]> {
  const contents = new Map<string, string>();
  for (const { hash } of placements) {
    if (contents.has(hash)) continue;
    const key = fileKey(hash);
    const found = (await store.list(key)).keys.find((one) => one.key === key);
    if (!found) throw new Error(`${key} is missing in the store; push the unit again`);
    contents.set(hash, found.value);
  }
  return placements.map(({ unit, hash }) => ({ name: unit, contents: contents.get(hash) ?? '' }));
}
