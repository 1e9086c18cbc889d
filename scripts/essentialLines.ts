import type { OperationResult } from "../tests/support/pulumiStack";

/** A resource of ours that is done (or in a preview, planned); those that only begin are left out. */
const resourceLine = /^ *(\+-|\+\+|--|[+~-]) +pulumi-nodejs:dynamic\/fc-agents:(\w+) (\S+) (?!\w+ing )(.+)$/;

/** Behind it, the CLI shows what was last said on the resource's line. */
const outcomeOf = /^\w+ \([\d.]+m?s\)(?: \[diff: [^\]]*\])?/;

const outputLine = /^ {2}[ ~+] (url|pid) *: (?!\[unknown\])(.*)$/;

const summaryLine = /^ {4}((?:[+~-]|\+-)? ?\d+ .+)$/;

/** What a newcomer wants to see of the CLI's output, in the CLI's words; all of it when the operation failed. */
export function essentialLines({ exitCode, text }: OperationResult): string[] {
  const lines = text.split("\n").map((line) => line.trimEnd());
  if (exitCode !== 0) return lines.filter((line) => line !== "" && !line.startsWith("@"));
  const resources = lines.flatMap((line) => {
    const [, sign = "", type = "", name = "", what = ""] = resourceLine.exec(line) ?? [];
    return type === "" ? [] : [`${sign} ${type} ${name}: ${outcomeOf.exec(what)?.[0] ?? what}`];
  });
  const outputs = lines.flatMap((line) => {
    const [, name = "", value = ""] = outputLine.exec(line) ?? [];
    // A change is shown as `old => new`.
    return name === "" ? [] : [`${name}: ${value.split(" => ").at(-1) ?? ""}`];
  });
  const summary = lines.flatMap((line) => summaryLine.exec(line)?.slice(1) ?? []);
  return [...resources, ...outputs, `Resources: ${summary.join(", ")} (the stack counts as one)`];
}
