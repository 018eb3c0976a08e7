import { cost } from './effort.ts';
import { partsOf } from './extent.ts';
import { show, sprint } from './format.ts';
import { type TemplateFunction, takesMore } from './function.ts';
import type { Value } from './value.ts';

const html: Readonly<Record<string, string>> = {
  ...{ '\0': '\ufffd', '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;' },
};

const script: Readonly<Record<string, string>> = {
  ...{ '\\': '\\\\', "'": "\\'", '"': '\\"', '<': '\\u003C', '>': '\\u003E', '&': '\\u0026', '=': '\\u003D' },
};

function escaping(change: (text: string) => string): TemplateFunction {
  return takesMore([], 'any', (_, values, { effort }) => {
    effort.spend(cost.character * partsOf(values));
    return change(textOf(values));
  });
}

function textOf(values: readonly Value[]): string {
  return sprint(values.map((value) => (value === undefined || value === null ? show(value) : value)));
}

export const escapeFunctions: Readonly<Record<string, TemplateFunction>> = {
  html: escaping((text) => text.replaceAll(/[\p{Cc}"'&<>]/gu, (char) => html[char] ?? char)),
  js: escaping((text) =>
    text.replaceAll(/[\\'"<>&=]|[^\x20-\x7e]/gu, (char) => script[char] ?? scriptCode(char)),
  ),
  urlquery: escaping((text) =>
    encodeURIComponent(Buffer.from(text).toString())
      .replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
};

/** What can be printed stays, beyond ASCII as well. */
function scriptCode(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  if (point > 0x7f && /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char)) return char;
  return `\\u${point.toString(16).toUpperCase().padStart(4, '0')}`;
}
