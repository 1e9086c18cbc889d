import type { DiffRow } from "./fileDiff";

/** Reads a line of a unified diff's hunk. */
export function rowOf(line: string): DiffRow {
  const sign = line[0];
  if (sign === "+" || sign === "-") return { sign, text: line.slice(1) };
  return { sign: " ", text: line.slice(1) };
}
