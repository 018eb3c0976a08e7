import { nothingWanted, sudoersPath } from './wanted.ts';

/** What root runs or reads there, and `destroy` takes away whole → what Flotilla keeps there. */
export const places: Readonly<Record<string, string>> = {
  '/opt/flotilla': 'the program of its agent, which root runs',
  '/usr/local/lib/flotilla': 'programs that root runs',
  '/run/flotilla': 'the units that it runs there',
  '/var/lib/etcd/flotilla': "the cluster's state",
};

export const ownHome = `/home/${nothingWanted.user.name}`;

/** What goes with the account, when that is taken away. */
export const accountPlaces: readonly string[] = [ownHome, `/var/mail/${nothingWanted.user.name}`];

export const ownFolders: readonly string[] = Object.keys(places);

/** All for which a host is asked before it is taken. */
export const ownPlaces: readonly string[] = [...ownFolders, ...accountPlaces, sudoersPath];
