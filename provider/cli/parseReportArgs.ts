import { resolve } from "node:path";
import { parseStrictly } from "./parseStrictly";
import { UsageError } from "./usageError";

export interface ReportArgs {
  /** Paths, or `-` for standard input. */
  readonly transcripts: readonly string[];
  /** Paths, each for the transcript at the same place. */
  readonly patches: readonly string[];
  /** Absent for standard output. */
  readonly output: string | undefined;
}

export const standardInput = "-";

/** Reads the arguments of `fc-agents report`; `help` where that was asked for. */
export function parseReportArgs(args: readonly string[]): ReportArgs | "help" {
  const { values, positionals } = parseStrictly({
    args: [...args],
    allowPositionals: true,
    options: {
      output: { type: "string", short: "o" },
      patch: { type: "string", multiple: true },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return "help";
  const { output, patch: patches = [] } = values;
  const inputs = [...positionals, ...patches];
  if (positionals.length === 0) throw new UsageError("Name at least one transcript, or - for standard input");
  if (patches.length > positionals.length) {
    throw new UsageError(`There are ${patches.length} patches for ${positionals.length} transcript(s)`);
  }
  if (inputs.filter((path) => path === standardInput).length > 1) {
    throw new UsageError("Standard input (-) can be read only once");
  }
  if (output === "") throw new UsageError("Expected a file's name after --output");
  if (output !== undefined && output !== standardInput) {
    const overwritten = inputs.find((path) => path !== standardInput && resolve(path) === resolve(output));
    if (overwritten !== undefined) throw new UsageError(`The page would overwrite ${overwritten}`);
  }
  return { transcripts: positionals, patches, output: output === standardInput ? undefined : output };
}
