/** Lines around a change that are shown with it. */
const context = 3;

/**
 * What changes between two texts, as `diff -u` shows it, in one piece: from the first line that differs to the last.
 * Empty where nothing does.
 */
export function lineDiff(before: string, after: string): string {
  if (before === after) return '';
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const start = sameAtStart(old, fresh);
  const end = sameAtStart(old.slice(start).reverse(), fresh.slice(start).reverse());
  const from = Math.max(start - context, 0);
  const oldEnd = old.length - end;
  const tail = old.slice(oldEnd, oldEnd + context);
  const lines = [
    ...old.slice(from, start).map((line) => ` ${line}`),
    ...old.slice(start, oldEnd).map((line) => `-${line}`),
    ...fresh.slice(start, fresh.length - end).map((line) => `+${line}`),
    ...tail.map((line) => ` ${line}`),
  ];
  const kept = start - from + tail.length;
  const header = `@@ -${from + 1},${oldEnd - start + kept} +${from + 1},${fresh.length - end - start + kept} @@`;
  return `${[header, ...lines].join('\n')}\n`;
}

/** A last line without its end is another line, as the note of diff says. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last} \\ no line end`];
}

function sameAtStart(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((line, at) => line !== b[at]);
  return differs === -1 ? Math.min(a.length, b.length) : Math.min(differs, b.length);
}
