import { spawn } from "node:child_process";

export interface CommandOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
  stdin?: string;
  onOutput?: (chunk: string) => void;
}

export interface CommandResult {
  /** Absent when a signal ended it. */
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
  durationMs: number;
}

export interface RunningCommand {
  readonly pid: number;
  readonly result: Promise<CommandResult>;
  /** SIGKILL for the command only, not for what it started. */
  kill(): void;
  /** A signal for the command only, such as SIGSTOP; passed over when it has ended. */
  signal: (signal: NodeJS.Signals) => void;
  /** A signal for the command and all that it started, as a terminal's Ctrl-C does it. */
  signalGroup: (signal: NodeJS.Signals) => void;
}

/** Starts a command in a process group of its own, which is ended as a whole when the time is over. */
export function startCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): RunningCommand {
  const start = performance.now();
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} did not start`);
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-pid, signal);
    } catch {
      // All of it has ended.
    }
  };
  const killGroup = (): void => {
    signalGroup("SIGKILL");
  };
  process.once("exit", killGroup);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    options.onOutput?.(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    options.onOutput?.(chunk);
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  let wasKilled = false;
  const result = new Promise<CommandResult>((resolve, reject) => {
    const timer = setTimeout(() => {
      signalGroup("SIGKILL");
      reject(
        new Error(`${command} ${args.join(" ")} took more than ${options.timeoutMs} ms:\n${stdout}${stderr}`),
      );
    }, options.timeoutMs);
    const finish = (exitCode: number | null): void => {
      clearTimeout(timer);
      process.removeListener("exit", killGroup);
      resolve({ exitCode: exitCode ?? undefined, stdout, stderr, durationMs: performance.now() - start });
    };
    child.once("error", reject);
    child.once("close", finish);
    // What a killed command started holds its pipes open, so they do not close.
    child.once("exit", (code) => {
      if (wasKilled) finish(code);
    });
  });
  return {
    pid,
    result,
    kill: () => {
      wasKilled = true;
      child.kill("SIGKILL");
    },
    signal: (signal) => child.kill(signal),
    signalGroup,
  };
}
