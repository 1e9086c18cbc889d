import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./usageError";

/** Reads arguments as Node's `parseArgs` does; what it does not understand is the caller's mistake. */
export function parseStrictly<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // Node's own message names the option; what follows its first sentence is advice on `--`.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split(/\. To specify|\n/)[0] ?? message);
  }
}
