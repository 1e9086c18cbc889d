import { doctorCommand } from "./doctorCommand";
import { reportCommand } from "./reportCommand";
import { UsageError } from "./usageError";
import { usageText } from "./usageText";

/** Runs `fc-agents` with its arguments and returns its exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  try {
    return await dispatch(command, rest);
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

async function dispatch(command: string | undefined, args: readonly string[]): Promise<number> {
  switch (command) {
    case "report":
      await reportCommand(args);
      return 0;
    case "doctor":
      return doctorCommand(args);
    case "--help":
    case "-h":
      process.stdout.write(usageText);
      return 0;
    case undefined:
      throw new UsageError("Name a command: report or doctor");
    default:
      throw new UsageError(`There is no command '${command}'; there are report and doctor`);
  }
}
