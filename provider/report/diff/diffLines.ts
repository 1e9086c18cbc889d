import type { DiffRow } from "./fileDiff";

/** The table of the comparison has a cell for each pair of lines; larger texts are shown as removed and added whole. */
const maxCells = 1_000_000;

/** Compares two texts line by line (longest common subsequence). */
export function diffLines(before: string, after: string): DiffRow[] {
  const a = splitLines(before);
  const b = splitLines(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return [
    ...rows(" ", a.slice(0, start)),
    ...diffMiddle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...rows(" ", a.slice(a.length - end)),
  ];
}

function diffMiddle(a: readonly string[], b: readonly string[]): DiffRow[] {
  if (a.length * b.length > maxCells) return [...rows("-", a), ...rows("+", b)];
  const width = b.length + 1;
  // common[i * width + j]: how many lines a[i…] and b[j…] share.
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const result: DiffRow[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      result.push({ sign: " ", text: a[i] ?? "" });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      result.push({ sign: "-", text: a[i] ?? "" });
      i += 1;
    } else {
      result.push({ sign: "+", text: b[j] ?? "" });
      j += 1;
    }
  }
  return [...result, ...rows("-", a.slice(i)), ...rows("+", b.slice(j))];
}

function rows(sign: DiffRow["sign"], lines: readonly string[]): DiffRow[] {
  return lines.map((text) => ({ sign, text }));
}

function splitLines(text: string): string[] {
  if (text === "") return [];
  return text.replace(/\n$/, "").split("\n");
}
