import type { Finding } from "../firecrackerHost/finding";
import type { Inspection } from "./inspectOverSsh";

const marks: Readonly<Record<Finding["level"], string>> = { ok: "✓", warning: "!", error: "✗" };

/** What was found, as a list for people: a mark, a name and a sentence each, and below it what mends it. */
export function renderInspection(inspection: Inspection, width: number): string {
  const { host, architecture, kernel, findings } = inspection;
  const kind = architecture === undefined ? "" : ` (${architecture}, Linux ${kernel ?? "?"})`;
  const nameWidth = Math.max(0, ...findings.map(({ name }) => name.length));
  const indent = " ".repeat(nameWidth + 6);
  const lines = findings.flatMap((finding) => {
    const head = `  ${marks[finding.level]} ${finding.name.padEnd(nameWidth)}  `;
    const text = wrap(finding.message, width - indent.length);
    const hint = finding.hint === undefined ? [] : wrap(`→ ${finding.hint}`, width - indent.length);
    return [...text, ...hint].map((line, index) => (index === 0 ? head : indent) + line);
  });
  return `${[`${host}${kind}`, "", ...lines, "", summarise(findings)].join("\n")}\n`;
}

function summarise(findings: readonly Finding[]): string {
  const errors = countLevel(findings, "error");
  const warnings = countLevel(findings, "warning");
  if (errors + warnings === 0) return "All is fine.";
  return `${plural(errors, "error")}, ${plural(warnings, "warning")}.`;
}

/** How many findings are of a level. */
export function countLevel(findings: readonly Finding[], level: Finding["level"]): number {
  return findings.filter((finding) => finding.level === level).length;
}

function plural(count: number, noun: string): string {
  return `${count === 0 ? "No" : count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Breaks a text at its blanks; a word that is too long stands alone. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
