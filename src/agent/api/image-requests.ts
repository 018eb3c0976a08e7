import { parseReference } from '../../image/reference.ts';
import type { ImageRequest, ImageView } from '../../model/api.ts';
import type { ImageRecord } from '../../model/image-record.ts';
import { type ClusterState, machineNames, readCluster } from '../../store/cluster-state.ts';
import { encodeImage, imageKey } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { ApiError } from './api-error.ts';
import { parseInput } from './request-body.ts';
import { json, type Route } from './route.ts';
import { imageRequest, imagesReply, imageView } from './schemas.ts';
import { untilUnchanged } from './until-unchanged.ts';

/** Ids that a name meant before and that are remembered: each is a push. */
const mostFormer = 20;

const path = '/flotilla/v1/images/:architecture/:name';

/** `/flotilla/v1/images` */
export const imageRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/flotilla/v1/images',
    summary: 'Images that were pushed, and which machines keep them for others.',
    replies: [{ status: 200, json: imagesReply }],
    handle: async ({ store }) => {
      const cluster = await readCluster(store);
      return json({ images: cluster.images.map((image) => viewOf(image, cluster)) });
    },
  },
  {
    method: 'PUT',
    path,
    summary:
      'Records which image a name means since it was pushed: machines that lack it get it from each other.',
    body: { schema: imageRequest },
    replies: [{ status: 200, json: imageView }],
    handle: async ({ store }, { parameters: [architecture = '', name = ''], body }) =>
      json(await recordImage(store, { architecture, name, ...parseInput(imageRequest, body) })),
  },
  {
    method: 'DELETE',
    path,
    summary: 'Forgets an image that was pushed: nobody keeps it for others any more.',
    replies: [{ status: 204 }],
    handle: async ({ store }, { parameters: [architecture = '', name = ''] }) => {
      await forgetImage(store, architecture, name);
      return { status: 204 };
    },
  },
];

/** @throws {ApiError} 400 for what is no name with a tag. */
export async function recordImage(
  store: Store,
  image: ImageRequest & Pick<ImageRecord, 'architecture' | 'name'>,
): Promise<ImageView> {
  const { name, architecture, id } = image;
  if (parseReference(name) === undefined || !/^[a-z0-9]+$/.test(architecture))
    throw new ApiError(
      400,
      `${architecture}/${name} is no processor, as Go calls it, and name with a tag: amd64/app:1`,
    );
  const key = imageKey(architecture, name);
  return untilUnchanged(async () => {
    const cluster = await readCluster(store);
    const known = cluster.images.find((each) => each.name === name && each.architecture === architecture);
    const before = known === undefined ? [] : [known.id, ...known.former];
    const former = [...new Set(before)].filter((each) => each !== id).slice(0, mostFormer);
    const record = { ...image, former };
    const compare = [{ key, modRevision: cluster.revisionOf(key) }];
    const success = [{ put: key, value: encodeImage(record) }];
    const { succeeded } = await store.transact({ compare, success });
    return succeeded ? viewOf(record, cluster) : undefined;
  }, `${name} keeps being pushed at the same time; push it again`);
}

/** @throws {ApiError} 404 for one that is not recorded. */
async function forgetImage(store: Store, architecture: string, name: string): Promise<void> {
  const key = imageKey(architecture, name);
  const { images } = await readCluster(store);
  if (!images.some((each) => each.name === name && each.architecture === architecture))
    throw new ApiError(404, `there is no image ${name} for ${architecture}`);
  await store.transact({ compare: [], success: [{ delete: key }] });
}

function viewOf({ former: _, ...image }: ImageRecord, cluster: ClusterState): ImageView {
  const nameOf = machineNames(cluster);
  const holders = cluster.keepers.filter(({ images }) => images.includes(image.manifest.digest));
  return { ...image, keepers: holders.map(({ machineId }) => nameOf(machineId)).sort() };
}
