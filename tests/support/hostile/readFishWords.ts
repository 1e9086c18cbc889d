/**
 * Reads a command line as fish does, as far as our own quoting goes: inside single quotes a backslash takes its meaning
 * from a quote or a backslash that follows, outside from anything. Whatever else fish gives a meaning to is refused.
 * Source: fish's documentation, 'Quotes' and 'Escaping characters'.
 */
export function readFishWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? "";
    const next = line[at + 1] ?? "";
    if (isQuoted) {
      if (character === "'") isQuoted = false;
      else if (character === "\\" && (next === "'" || next === "\\")) {
        word = `${word ?? ""}${next}`;
        at += 1;
      } else word = `${word ?? ""}${character}`;
    } else if (character === "'") {
      isQuoted = true;
      word ??= "";
    } else if (character === "\\") {
      if (next !== "'" && next !== "\\") throw new Error(`an escape with a meaning of its own: \\${next}`);
      word = `${word ?? ""}${next}`;
      at += 1;
    } else if (character === " ") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/[A-Za-z0-9_/:.,@+-]/.test(character)) word = `${word ?? ""}${character}`;
    else throw new Error(`a character with a meaning of its own: ${character}`);
  }
  if (isQuoted) throw new Error("a quote without its end");
  return word === undefined ? words : [...words, word];
}
