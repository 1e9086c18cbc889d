import type { DiffRow, FileDiff, Hunk } from "./fileDiff";
import { rowOf } from "./rowOf";

const hunkHeading = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** What stands between a file's first line and its first hunk, and what the page says about it. */
const remarks: readonly (readonly [RegExp, string])[] = [
  [/^new file mode /, "new file"],
  [/^deleted file mode /, "deleted"],
  [/^rename from /, "renamed"],
  [/^(GIT binary patch|Binary files )/, "binary"],
  [/^new mode /, "mode changed"],
];

interface OpenFile {
  path: string;
  readonly remarks: Set<string>;
  readonly hunks: { heading: string; rows: DiffRow[] }[];
}

/** Reads the output of `git diff`. Whatever is not understood is left out; the lengths in a hunk's heading decide where it ends. */
export function parsePatch(patch: string): FileDiff[] {
  const files: OpenFile[] = [];
  let rows: DiffRow[] = [];
  let left = { before: 0, after: 0 };
  const lines = patch.replace(/\n$/, "").split("\n");
  for (const [index, line] of lines.entries()) {
    if (left.before > 0 || left.after > 0) {
      if (line.startsWith("\\")) continue;
      const row = rowOf(line);
      rows.push(row);
      if (row.sign !== "+") left.before -= 1;
      if (row.sign !== "-") left.after -= 1;
      continue;
    }
    const isPlainStart = line.startsWith("--- ") && lines[index + 1]?.startsWith("+++ ") === true;
    if (line.startsWith("diff --git ")) {
      files.push({ path: line.replace(/^.* b\//, ""), remarks: new Set(), hunks: [] });
    } else if (isPlainStart && (files.at(-1)?.hunks.length ?? 1) > 0) {
      files.push({ path: "", remarks: new Set(), hunks: [] });
    }
    const file = files.at(-1);
    if (file === undefined) continue;
    readHeader(file, line);
    const heading = hunkHeading.exec(line);
    if (heading === null) continue;
    left = { before: Number(heading[1] ?? 1), after: Number(heading[2] ?? 1) };
    rows = [];
    file.hunks.push({ heading: line, rows });
  }
  return files.map(({ path, remarks: said, hunks }) => ({
    path,
    remark: said.size === 0 ? undefined : [...said].join(", "),
    hunks: hunks satisfies Hunk[],
  }));
}

function readHeader(file: OpenFile, line: string): void {
  for (const [pattern, remark] of remarks) if (pattern.test(line)) file.remarks.add(remark);
  const named = /^(?:---|\+\+\+) (?:[ab]\/)?(.+?)(?:\t.*)?$/.exec(line)?.[1];
  if (named !== undefined && named !== "/dev/null") file.path = named;
}
