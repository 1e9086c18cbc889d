import { z } from "zod";
import type { ToolCall } from "../read/run";
import { diffLines } from "./diffLines";
import type { FileDiff, Hunk } from "./fileDiff";
import { rowOf } from "./rowOf";

const editSchema = z.object({ old_string: z.string(), new_string: z.string() });
const pathSchema = z.object({ file_path: z.string() });

/** The input of a tool that edits files, by the tool's name. */
const inputSchemas: Readonly<Record<string, z.ZodType<readonly Hunk[]>>> = {
  Edit: editSchema.transform((edit) => [hunkOf(edit)]),
  MultiEdit: z.object({ edits: z.array(editSchema) }).transform(({ edits }) => edits.map(hunkOfMany)),
  Write: z
    .object({ content: z.string() })
    .transform(({ content }) => [{ heading: undefined, rows: diffLines("", content) }]),
};

/** What the tool reports by itself: the same change, with its place in the file. */
const reportSchema = z.object({
  structuredPatch: z
    .array(
      z.object({
        oldStart: z.number(),
        oldLines: z.number(),
        newStart: z.number(),
        newLines: z.number(),
        lines: z.array(z.string()),
      }),
    )
    .min(1),
});

/** The change that a call of Edit, MultiEdit or Write made or tried to make; absent for every other call. */
export function diffOfCall({ name, input, result }: ToolCall): FileDiff | undefined {
  const path = pathSchema.safeParse(input);
  const hunks = Object.hasOwn(inputSchemas, name) ? inputSchemas[name]?.safeParse(input) : undefined;
  if (!path.success || hunks?.success !== true) return undefined;
  const report = reportSchema.safeParse(result?.details);
  return {
    path: path.data.file_path,
    remark: name === "Write" && !report.success ? "written whole" : undefined,
    hunks: report.success ? report.data.structuredPatch.map(reportedHunk) : hunks.data,
  };
}

/** The edits of one call are apart in the file, so each has its heading. */
function hunkOfMany(edit: z.infer<typeof editSchema>, index: number, edits: readonly unknown[]): Hunk {
  return { ...hunkOf(edit), heading: edits.length > 1 ? `Edit ${index + 1} of ${edits.length}` : undefined };
}

function hunkOf(edit: z.infer<typeof editSchema>): Hunk {
  return { heading: undefined, rows: diffLines(edit.old_string, edit.new_string) };
}

type ReportedHunk = z.infer<typeof reportSchema>["structuredPatch"][number];

function reportedHunk({ oldStart, oldLines, newStart, newLines, lines }: ReportedHunk): Hunk {
  return {
    heading: `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    rows: lines.filter((line) => !line.startsWith("\\")).map(rowOf),
  };
}
