/** Where Debian packages come from; what is absent is left to mmdebstrap, which knows Debian's own mirrors. */
export interface Mirrors {
  readonly archive?: string;
  readonly security?: string;
}

/** One file of apt's configuration: its name tells the format (sources.list(5)). */
export interface SourcesFile {
  readonly name: string;
  readonly text: string;
}

interface Source {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

/**
 * The Debian mirrors a Debian host uses itself, whatever its release: a mirror carries them all. Hosts of
 * another distribution know none. Third parties' repositories are told apart by their path:
 * a mirror of Debian has a folder `debian` or `debian-security`, and a component `main` for the host's release.
 *
 * @param osRelease the text of /etc/os-release
 */
export function debianMirrors(files: readonly SourcesFile[], osRelease: string): Mirrors {
  const os = parseOsRelease(osRelease);
  if (os.ID !== 'debian') return {};
  const codename = os.VERSION_CODENAME ?? '';
  const sources = files.flatMap(parseFile).filter((source) => source.components.includes('main'));
  const find = (suites: readonly string[], path: RegExp) =>
    sources
      .filter((source) => source.suites.some((suite) => suites.includes(suite)))
      .flatMap((source) => source.uris)
      .find((uri) => /^https?:/.test(uri) && path.test(uri))
      ?.replace(/\/$/, '');
  const archive = find([codename, 'stable', 'testing', 'unstable', 'sid'], /\/debian(\/|$)/);
  const security = find(
    [`${codename}-security`, `${codename}/updates`, 'stable-security'],
    /\/debian-security(\/|$)/,
  );
  return { ...(archive && { archive }), ...(security && { security }) };
}

/** os-release(5): shell-like assignments, values possibly quoted. */
function parseOsRelease(text: string): Record<string, string> {
  const pairs = text.matchAll(/^([A-Z_]+)=(["']?)(.*)\2$/gm);
  return Object.fromEntries([...pairs].map(([, key, , value]) => [key, value]));
}

function parseFile(file: SourcesFile): Source[] {
  return file.name.endsWith('.sources') ? parseDeb822(file.text) : parseOneLine(file.text);
}

/** Stanzas of `Field: value`, continued on lines that start with a space. */
function parseDeb822(text: string): Source[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .map(parseStanza)
    .filter((fields) => words(fields.get('types')).includes('deb') && fields.get('enabled') !== 'no')
    .map((fields) => ({
      uris: words(fields.get('uris')),
      suites: words(fields.get('suites')),
      components: words(fields.get('components')),
    }));
}

function parseStanza(stanza: string): Map<string, string> {
  const fields = stanza.replaceAll(/\n[ \t]+/g, ' ').matchAll(/^([\w-]+):(.*)$/gm);
  return new Map([...fields].map(([, name = '', value = '']) => [name.toLowerCase(), value.trim()]));
}

/** `deb [options] uri suite component…` */
function parseOneLine(text: string): Source[] {
  const entries = text.matchAll(/^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)([^#\n]*)/gm);
  return [...entries].map(([, uri = '', suite = '', components = '']) => ({
    uris: [uri],
    suites: [suite],
    components: words(components),
  }));
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
