import { reportCommand } from "./reportCommand";
import { UsageError } from "./usageError";
import { usageText } from "./usageText";

/** Runs `fc-agents` with its arguments and returns its exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  try {
    await dispatch(command, rest);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof UsageError)) {
      process.stderr.write(`Error: ${message}\n`);
      return 1;
    }
    process.stderr.write(`Error: ${message}\nSee fc-agents --help\n`);
    return 2;
  }
}

async function dispatch(command: string | undefined, args: readonly string[]): Promise<void> {
  switch (command) {
    case "report":
      await reportCommand(args);
      return;
    case "--help":
    case "-h":
      process.stdout.write(usageText);
      return;
    case undefined:
      throw new UsageError("Name a command: report");
    default:
      throw new UsageError(`There is no command '${command}'; there is report`);
  }
}
