import type { UnitOption } from './parse.ts';

/** Where a unit's file holds the templates that its `Template=` names; systemd passes over it. */
export const templateSection = 'X-Template';

/** A template as it travels within its unit's file: nobody can have the one without the other. */
export interface AttachedTemplate {
  /** As `Template=` says it: `nginx.toml`. */
  readonly name: string;
  /** Text of the template resource. */
  readonly resource: string;
  /** Text of the template that the resource names as `src`. */
  readonly text: string;
}

/**
 * A section of a unit's file for each. Every line is a text of JSON, since a unit's own lines lose blanks at their ends
 * and go on behind a backslash; so it stays legible in `flotilla cat`.
 */
export function writeAttached(templates: readonly AttachedTemplate[]): string {
  return templates
    .map(({ name, resource, text }) => {
      const lines = [`Name=${name}`, ...linesOf('Resource', resource), ...linesOf('Text', text)];
      return `\n\n[${templateSection}]\n${lines.join('\n')}\n`;
    })
    .join('');
}

function linesOf(option: string, text: string): string[] {
  return text.split('\n').map((line) => `${option}=${quoted(line)}`);
}

/** A byte order mark is refused in unit files wherever it stands. */
function quoted(line: string): string {
  return JSON.stringify(line).replaceAll('\ufeff', '\\ufeff');
}

/** What `writeAttached` wrote. Lines that it would not have written are passed over. */
export function readAttached(options: readonly UnitOption[]): readonly AttachedTemplate[] {
  const found: { name: string; resource: string[]; text: string[] }[] = [];
  for (const { section, name, value } of options) {
    if (section !== templateSection) continue;
    if (name === 'Name') found.push({ name: value, resource: [], text: [] });
    if (name === 'Resource') found.at(-1)?.resource.push(...unquoted(value));
    if (name === 'Text') found.at(-1)?.text.push(...unquoted(value));
  }
  return found.map(({ name, resource, text }) => ({
    name,
    resource: resource.join('\n'),
    text: text.join('\n'),
  }));
}

function unquoted(value: string): string[] {
  try {
    const line: unknown = JSON.parse(value);
    return typeof line === 'string' ? [line] : [];
  } catch {
    return [];
  }
}
