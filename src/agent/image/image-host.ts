import type { ImageKeeper, ImageRecord } from '../../model/image-record.ts';

/** A machine that serves an image to others. */
export type Source = ImageKeeper & { readonly port: number };

/** What images need of the machine: its Docker, a folder for blobs, and a port to serve them at. */
export interface ImageHost {
  /** Of Go: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Name → id of all images that Docker has a name for. */
  names(): Promise<ReadonlyMap<string, string>>;
  /** Has Docker pull the image, from the folder or from one of these machines, and gives it its name. */
  pull(image: ImageRecord, sources: readonly Source[]): Promise<void>;
  /** Takes from Docker the images with these ids that have neither a name nor a container. */
  prune(ids: readonly string[]): Promise<void>;
  /** Which of these are in the folder whole. */
  kept(images: readonly ImageRecord[]): Promise<readonly ImageRecord[]>;
  /** Brings an image into the folder from one of these machines. */
  keep(image: ImageRecord, sources: readonly Source[]): Promise<void>;
  /** Removes everything from the folder but the `kept` of `all` images, and what a push that may still go on has brought. */
  release(kept: readonly ImageRecord[], all: readonly ImageRecord[]): Promise<void>;
  /**
   * Serves these, and nothing else, to machines whose certificate's name `isMember` knows.
   *
   * @returns the port; undefined when there is nothing to serve, and then nothing listens
   */
  serve(
    images: readonly ImageRecord[],
    isMember: (machineId: string) => boolean,
  ): Promise<number | undefined>;
  close(): Promise<void>;
}
