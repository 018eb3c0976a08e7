const escapes: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '"': '"', "'": "'", s: ' ' },
};

const token = /(\s+)|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|((?:[^\s"'\\]|\\[\s\S])+)/y;

/**
 * Splits a command line as systemd does (systemd.service(5), "Command lines"): blanks separate, single and double
 * quotes hold together, a backslash escapes as in C. There is no shell and no variable. undefined when a quote
 * stays open or an escape is unknown.
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  token.lastIndex = 0;
  while (token.lastIndex < line.length) {
    const found = token.exec(line);
    if (found === null) return undefined;
    const [, blank, double, single, plain] = found;
    if (blank !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    const text = unescapeText(double ?? single ?? plain ?? '');
    if (text === undefined) return undefined;
    word = (word ?? '') + text;
  }
  return word === undefined ? words : [...words, word];
}

function unescapeText(text: string): string | undefined {
  let known = true;
  const plain = text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g,
    (all, hex, unicode, char) => {
      const code: string | undefined = hex ?? unicode;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      const meaning = Object.hasOwn(escapes, char) ? escapes[char] : undefined;
      known &&= meaning !== undefined;
      return meaning ?? all;
    },
  );
  return known ? plain : undefined;
}
