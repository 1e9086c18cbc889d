/** What was changed in one file. */
export interface FileDiff {
  readonly path: string;
  /** What else is to be said: new, deleted, renamed, binary. */
  readonly remark: string | undefined;
  readonly hunks: readonly Hunk[];
}

export interface Hunk {
  readonly heading: string | undefined;
  readonly rows: readonly DiffRow[];
}

export interface DiffRow {
  readonly sign: "+" | "-" | " ";
  readonly text: string;
}

export function countRows({ hunks }: FileDiff, sign: DiffRow["sign"]): number {
  return hunks.reduce((sum, { rows }) => sum + rows.filter((row) => row.sign === sign).length, 0);
}
