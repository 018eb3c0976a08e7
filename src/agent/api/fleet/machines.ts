import { readCluster } from '../../../store/cluster-state.ts';
import { changeKey, encodeMetadata, metadataKey, type PatchedMetadata } from '../../../store/keys.ts';
import type { Store } from '../../../store/store.ts';
import { ApiError } from '../api-error.ts';
import { parseInput } from '../request-body.ts';
import { type ApiRequest, type HandlerContext, json, type Reply } from '../route.ts';
import { untilUnchanged } from '../until-unchanged.ts';
import { foldKeys } from './fold-keys.ts';
import { askedPage } from './page.ts';
import { type FleetMachine, metadataPatch } from './schemas.ts';

export async function listMachines(
  { store, snapshots }: HandlerContext,
  { query }: ApiRequest,
): Promise<Reply> {
  const asked = askedPage(query);
  const cluster = await snapshots.read(store, asked);
  const { items, nextPageToken } = snapshots.cut(cluster, cluster.machines, asked);
  const found = items.map(
    ({ id, metadata, address }): FleetMachine => ({
      id,
      ...(Object.keys(metadata).length > 0 && { metadata: inOrder(metadata) }),
      primaryIP: address,
    }),
  );
  return json({
    ...(found.length > 0 && { machines: found }),
    ...(nextPageToken !== undefined && { nextPageToken }),
  });
}

/** Go writes maps with their keys sorted. */
function inOrder(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface MetadataChange {
  readonly machineId: string;
  readonly key: string;
  /** Null hides the key, also where the machine itself announces it. */
  readonly value: string | null;
}

/** Changes metadata of machines, also of such that are not there; it outlives their reboots. */
export async function patchMetadata({ store }: HandlerContext, { body }: ApiRequest): Promise<Reply> {
  const operations = foldKeys(body, ['op', 'path', 'value']);
  const changes = parseInput(metadataPatch, operations).map(readOperation);
  await writeMetadata(store, changes);
  return { status: 204, type: 'application/json' };
}

type GivenOperation = (typeof metadataPatch)['_output'][number];

function readOperation({ op, path, value }: GivenOperation): MetadataChange {
  if (op !== 'add' && op !== 'remove' && op !== 'replace') {
    throw new ApiError(400, 'invalid op: expect add, remove, or replace');
  }
  const [, machineId, key] = /^\/([^/]{1,255})\/metadata\/([A-Za-z0-9_.-]+)$/.exec(path ?? '') ?? [];
  if (machineId === undefined || key === undefined) throw new ApiError(400, 'machine metadata path invalid');
  // The one name under which a record of JavaScript keeps nothing: it would be taken, and be lost.
  if (key === '__proto__') throw new ApiError(400, 'machine metadata path invalid: __proto__ can be no key');
  if (op === 'remove') return { machineId, key, value: null };
  const text = typeof value === 'string' ? value : value?.value;
  if (!text) throw new ApiError(400, 'invalid value: add and replace require a value');
  return { machineId, key, value: text };
}

async function writeMetadata(store: Store, changes: readonly MetadataChange[]): Promise<void> {
  await untilUnchanged(async () => {
    const { patched, revisionOf } = await readCluster(store);
    const operations = [...merge(patched, changes)].map(([machineId, metadata]) => ({
      put: metadataKey(machineId),
      value: encodeMetadata(metadata),
    }));
    if (operations.length === 0) return {};
    const { succeeded } = await store.transact({
      compare: [{ key: changeKey, modRevision: revisionOf(changeKey) }],
      success: [...operations, { put: changeKey, value: 'metadata' }],
    });
    return succeeded ? {} : undefined;
  }, 'others keep changing the cluster at the same time; retry');
}

/** What becomes different, by machine. */
function merge(
  patched: ReadonlyMap<string, PatchedMetadata>,
  changes: readonly MetadataChange[],
): Map<string, PatchedMetadata> {
  const merged = new Map<string, PatchedMetadata>();
  for (const { machineId, key, value } of changes) {
    const before = merged.get(machineId) ?? patched.get(machineId) ?? {};
    if (before[key] !== value) merged.set(machineId, { ...before, [key]: value });
  }
  return merged;
}
