import type { Problem } from '../model/problem.ts';
import { type HostFacts, type HostState, socketGroup } from './facts.ts';
import { rivals } from './packages.ts';
import { accountPlaces, ownFolders, places } from './places.ts';
import { nothingWanted, sudoersPath } from './wanted.ts';

/** Where the host stands in the config, and who logs in the first time. */
interface Asked {
  readonly path: string;
  readonly user: string;
}

/** Pure: what others have on the host that Flotilla would take from them, or that would be theirs by it. */
export function othersProblems(facts: HostFacts, asked: Asked): Problem[] {
  return [
    ...placeProblems(facts, asked.path),
    ...rivalProblems(facts, asked),
    ...memberProblems(facts, asked),
    ...folderProblems(facts, asked),
  ];
}

/** What somebody has where Flotilla would put its own: it is neither used nor ever taken away. */
export function placeProblems({ absent, added, flotilla, user }: HostState, path: string): Problem[] {
  if (added || flotilla) return [];
  const { name } = nothingWanted.user;
  const taken = (place: string) => !absent.includes(place);
  return [
    ...ownFolders.filter(taken).map((place) => ({
      path,
      problem: `has ${place} already, where Flotilla would keep ${places[place]}`,
      fix: `move it away there, or delete it: \`ls -la ${place}\` shows what it is`,
    })),
    ...(user ? [] : accountPlaces).filter(taken).map((place) => ({
      path,
      problem: `has ${place} already, but no user ${name}: it would go with the account that Flotilla makes`,
      fix: 'move it away there',
    })),
    ...[sudoersPath].filter(taken).map((place) => ({
      path,
      problem: `has ${place} already, which somebody else wrote, and which Flotilla would write over`,
      fix: `see whose right it is (\`cat ${place}\`), and move it to another name in that folder, or delete it`,
    })),
  ];
}

/** apt would take them away without asking. */
function rivalProblems({ packages }: HostFacts, { path }: Asked): Problem[] {
  const found = packages.filter((name) => rivals.includes(name));
  if (found.length === 0) return [];
  return [
    {
      path,
      problem: `has ${found.join(', ')}, which docker.io conflicts with: to install it would remove them`,
      fix: `if they may go, and what runs by them may stop: \`apt-get remove ${found.join(' ')}\` there; or name another host`,
    },
  ];
}

/** Who logs in may become root, so the agent's socket gives him nothing. */
function memberProblems({ members, added, flotilla }: HostFacts, { path, user }: Asked): Problem[] {
  const others = members.filter((name) => ![user, nothingWanted.user.name, 'root'].includes(name));
  if (added || flotilla || others.length === 0) return [];
  return [
    {
      path,
      problem: `has a group ${socketGroup} already, with ${others.join(', ')} in it, who could do everything in the cluster`,
      fix: `give the group another name there: \`groupmod -n NAME ${socketGroup}\``,
    },
  ];
}

/** Programs that root runs are made in there: who may write there could put others in their place. */
function folderProblems({ folders }: HostFacts, { path }: Asked): Problem[] {
  return folders.filter(isOthers).map(({ path: folder, mode, owner }) => ({
    path,
    problem: `has ${folder} with the owner ${owner} and the mode ${mode}: others than root may put programs there, which root would run`,
    fix: `\`chown root: ${folder}; chmod go-w ${folder}\` there, and see what else is in it`,
  }));
}

/** Debian's own group for /usr/local, staff, may become root by it anyway. */
function isOthers({ mode, owner }: HostFacts['folders'][number]): boolean {
  const [user, group = ''] = owner.split(':');
  const bits = Number.parseInt(mode, 8);
  return (
    user !== 'root' || (bits & 0o002) !== 0 || ((bits & 0o020) !== 0 && !['root', 'staff'].includes(group))
  );
}
