import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryFolder } from "../../tests/support/findPulumi";
import type { BenchRow } from "./benchRow";
import { machineLine, type Machine } from "./machine";

const resultsFolder = join(repositoryFolder, "bench-results");
const readmePath = join(repositoryFolder, "README.md");
const marks = ["<!-- bench:start -->", "<!-- bench:end -->"] as const;

export interface BenchReport {
  machine: Machine;
  /** Load average of the last minute when the bench began: figures of a busy machine are rough. */
  loadBefore: number;
  rows: BenchRow[];
  /** Where the time of the first row goes, one line a step. */
  breakdown: string[];
  seconds: number;
}

/** Writes a report as Markdown and JSON, and returns what to show of it. A part does not take the place of the whole. */
export function writeReport(report: BenchReport, isWhole: boolean): string {
  const markdown = [
    "# Bench",
    "",
    machineLine(report.machine),
    `It took ${Math.round(report.seconds)} s; the load average before was ${report.loadBefore.toFixed(1)}. Figures are medians.`,
    "",
    table(
      ["what", "reference", "ours", "budget", "", "repetitions and conditions"],
      report.rows.map(({ what, reference, ours, budget, isMet, remarks }) => [
        ...[what, reference, ours, budget],
        isMet === undefined ? "" : isMet ? "met" : "**missed**",
        remarks,
      ]),
    ),
    "",
    ...(report.breakdown.length > 0 ? ["## Where the time of the first row goes", ""] : []),
    ...report.breakdown.map((line) => `- ${line}`),
    "",
  ].join("\n");
  const name = isWhole ? "bench" : "bench-part";
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(join(resultsFolder, `${name}.md`), markdown);
  writeFileSync(join(resultsFolder, `${name}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
  return `${markdown}\nWritten to bench-results/${name}.md and ${name}.json\n`;
}

/** Replaces what stands between the README's marks, in the form that `npm run check` asks for. */
export async function updateReadme({ machine, rows }: BenchReport): Promise<void> {
  const text = readFileSync(readmePath, "utf8");
  const [start, end] = marks.map((mark) => text.indexOf(mark));
  if (start === undefined || end === undefined || start < 0 || end < start) {
    throw new Error(`README.md lacks the marks ${marks.join(" and ")}`);
  }
  const body = [
    "",
    "",
    "The same job as five `ssh` calls around a small polling Python server, and with this package. Medians.",
    "",
    table(
      ["what", "by hand over ssh", "this package"],
      rows.map(({ what, reference, ours }) => [what, reference, ours]),
    ),
    "",
    wrap(machineLine(machine)),
    "",
    "",
  ].join("\n");
  const { format, resolveConfig } = await import("prettier");
  const options = { ...(await resolveConfig(readmePath)), filepath: readmePath };
  writeFileSync(
    readmePath,
    await format(text.slice(0, start + marks[0].length) + body + text.slice(end), options),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Breaks lines as the README's are. */
function wrap(text: string, width = 120): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
