import * as z from 'zod';
import { parseJson } from '../../model/parse-json.ts';
import { commandFailure } from '../../ssh/command-failure.ts';
import type { Connection } from '../../ssh/connection.ts';
import { script } from '../../ssh/script.ts';
import { Docker } from '../docker.ts';
import type { Image } from '../image.ts';
import { type PushMachine, placesOf } from '../look.ts';
import { prepareCache } from '../machine-relay.ts';
import { makeManifest } from '../oci-layout.ts';
import { bundleProgram } from '../relay-program.ts';

/** Seconds for taking an image out of Docker: as long as a large one takes on a slow disk. */
const exportLimit = 3600;

const sizesSchema = z.record(z.string(), z.int().min(0));

/**
 * An image that a machine has built, ready to be pushed from that machine: its blobs lie where a seed hands them on
 * from, so nothing of it comes here, and nothing has to leave from here.
 *
 * @param id what Docker calls it: the digest of its config
 */
export async function takeBuilt(
  builder: PushMachine,
  name: string,
  id: string,
  signal: AbortSignal,
): Promise<Image> {
  const connection = await builder.connect();
  const { docker: socket, cache } = placesOf(builder);
  const docker = new Docker(connection, socket);
  const [layers, { architecture }] = await Promise.all([docker.layers(id, signal), docker.version(signal)]);
  await prepareCache(connection, cache, signal);
  const sizes = await exportOn(connection, { socket, cache, name, id, layers }, signal);
  const describe = (mediaType: string, digest: string) => ({ mediaType, digest, size: sizes[digest] ?? 0 });
  const { mediaType, bytes, digest, ...parts } = makeManifest(
    describe('application/vnd.oci.image.config.v1+json', id),
    layers.map((each) => describe('application/vnd.oci.image.layer.v1.tar', each)),
  );
  return {
    ...{ name, ...parts, diffIds: layers, architecture },
    manifest: { mediaType, bytes, digest, size: bytes.length },
    open: () => {
      // A relay that does not reach the builder asks here: Docker is then told that its layer broke off.
      throw new Error(`${name} is on ${builder.name} alone`);
    },
  };
}

async function exportOn(
  connection: Connection,
  config: Readonly<Record<'socket' | 'cache' | 'name' | 'id', string>> & {
    readonly layers: readonly string[];
  },
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const program = await bundleProgram('src/image/build/export-main.ts');
  const stdin = `globalThis.flotillaExport=${JSON.stringify(config)};\n${program}`;
  const command = script('export-image', 'exec node --input-type=module -', [], {
    stdin,
    timeout: exportLimit,
  });
  const result = await connection.exec(command, signal);
  if (result.status !== 0) throw new Error(commandFailure(command, connection.target.name, result));
  return sizesSchema.parse(parseJson(result.stdout));
}
