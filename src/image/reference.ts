/** An image's name in parts. */
export interface Reference {
  /** With the registry, if there is one: `registry.example:5000/team/app`. */
  readonly repository: string;
  readonly tag: string;
}

/** The distribution specification's <name>, with a registry's host and port before it. */
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host = '[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?';
const pattern = new RegExp(
  `^((?:${host}/)?${component}(?:/${component})*):([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$`,
);

/** The longest name that Docker takes. */
const longest = 255;

/** `app:1`; undefined for what is no name with a tag. Without one Docker would mean `latest`, which says nothing. */
export function parseReference(name: string): Reference | undefined {
  const [, repository, tag] = pattern.exec(name) ?? [];
  if (repository === undefined || tag === undefined || repository.length > longest) return undefined;
  return { repository, tag };
}

/** What containerd writes out, Docker leaves out. */
export function familiarName(name: string): string {
  return name.replace(/^(?:docker\.io|index\.docker\.io)\//, '').replace(/^library\//, '');
}

/** What a name is in a registry of its own: `team/app` of `registry.example:5000/team/app`. */
export function pathOf({ repository }: Reference): string {
  const [first = '', ...rest] = repository.split('/');
  const isHost = /[.:]|^localhost$/.test(first);
  return isHost && rest.length > 0 ? rest.join('/') : repository;
}
