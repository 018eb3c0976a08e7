import { type ClusterState, readCluster } from '../../../store/cluster-state.ts';
import type { Store } from '../../../store/store.ts';
import { type Asked, encodePageToken, extractPage, pageLimit } from './page.ts';

/** Milliseconds for which a snapshot waits for somebody who wants its next page. */
const patience = 30_000;

/** Each holds a whole cluster, which may be some ten megabytes. */
const most = 2;

export interface CutPage<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

/**
 * What lists are cut from: the cluster as it was when their first page was read. So a list of a hundred pages reads
 * the store once, and shows one moment: nothing is left out or shown twice because something came or went meanwhile.
 */
export class Snapshots {
  /** By revision, the one used last at the end. */
  readonly #kept = new Map<bigint, { readonly cluster: ClusterState; readonly timer: NodeJS.Timeout }>();

  /**
   * The cluster that a page is to be cut from. One that is not kept, since another agent gave the page before, or too
   * long ago, is replaced by the cluster as it is now: then pages are of different moments, as fleet's always were.
   */
  async read(store: Store, { revision }: Asked): Promise<ClusterState> {
    const kept = revision === undefined ? undefined : this.#kept.get(revision);
    return kept?.cluster ?? (await readCluster(store));
  }

  /** A page of `all`, which was found in `cluster`; that is kept when there are more. */
  cut<T>(cluster: ClusterState, all: readonly T[], { page }: Asked): CutPage<T> {
    const { items, next } = extractPage(all, { limit: pageLimit, page });
    if (next === undefined) return { items };
    this.#keep(cluster);
    const { revision } = cluster;
    return { items, nextPageToken: encodePageToken({ limit: pageLimit, page: next, revision }) };
  }

  #keep(cluster: ClusterState): void {
    this.#drop(cluster.revision);
    const timer = setTimeout(() => this.#drop(cluster.revision), patience).unref();
    this.#kept.set(cluster.revision, { cluster, timer });
    for (const revision of [...this.#kept.keys()].slice(0, -most)) this.#drop(revision);
  }

  #drop(revision: bigint): void {
    clearTimeout(this.#kept.get(revision)?.timer);
    this.#kept.delete(revision);
  }
}

/** A function of the cluster that does its work once for each snapshot. */
export function oncePer<T>(derive: (cluster: ClusterState) => T): (cluster: ClusterState) => T {
  const derived = new WeakMap<ClusterState, T>();
  return (cluster) => {
    const known = derived.get(cluster) ?? derive(cluster);
    derived.set(cluster, known);
    return known;
  };
}
