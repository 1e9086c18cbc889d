import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A helper process that speaks JSON, a line each way. It ends with this process. */
export interface LineChild {
  readonly send: (value: object) => void;
  /** Ends its standard input, and waits until it has gone. */
  readonly stop: () => Promise<void>;
}

/** Starts a Python script of this folder and hands over each line that it prints. */
export function startLineChild(
  script: string,
  args: readonly string[],
  onLine: (value: Record<string, unknown>) => void,
): LineChild {
  const child = spawn("python3", [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  createInterface({ input: child.stdout }).on("line", (line) => {
    onLine(JSON.parse(line) as Record<string, unknown>);
  });
  // What is sent to a process that has ended is of no interest any more.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
  });
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  return {
    send: (value) => child.stdin.write(`${JSON.stringify(value)}\n`),
    stop: async () => {
      process.removeListener("exit", kill);
      child.kill("SIGKILL");
      await ended;
    },
  };
}
