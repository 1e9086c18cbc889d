import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { loginEnvironment } from "./benchHost";
import type { Defer } from "./undo";

const eventSchema = z.looseObject({ event: z.string(), at: z.number() });

/** What a program reports, one JSON object a line; `at` is the time in milliseconds of the shared monotonic clock. */
export type ProgramEvent = z.infer<typeof eventSchema>;

export interface Program {
  readonly pid: number;
  /** Waits for the next event of that kind, from the last one that was taken on. */
  next(event: string, timeoutMs?: number): Promise<ProgramEvent>;
  /** Ends its standard input, which tells it to report and to end. */
  finish(): void;
  stop(): Promise<void>;
}

/** Starts one of the Python programs beside this file, through the words that bring it to its place. */
export function startProgram(
  defer: Defer,
  place: readonly string[],
  name: string,
  args: readonly (string | number)[],
): Program {
  const command = [...place, "python3", "-IS", join(__dirname, "programs", name), ...args.map(String)];
  // In a session of its own, so that a terminal's Ctrl-C leaves the order in which things end to us.
  const child = spawn(command[0] ?? "", command.slice(1), {
    detached: true,
    env: loginEnvironment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} did not start`);
  const exited = once(child, "exit");
  const events: ProgramEvent[] = [];
  let wake: (() => void) | undefined;
  let hasEnded = false;
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    events.push(eventSchema.parse(JSON.parse(line)));
    wake?.();
  });
  lines.on("close", () => {
    hasEnded = true;
    wake?.();
  });
  child.stdin.on("error", () => undefined);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
  };
  defer(stop);
  return {
    pid,
    stop,
    finish: () => child.stdin.end(),
    next: async (wanted, timeoutMs = 30_000) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        for (let event = events.shift(); event !== undefined; event = events.shift()) {
          if (event.event === wanted) return event;
        }
        if (hasEnded) throw new Error(`${name} ended before it said '${wanted}'`);
        await waitForWake(name, wanted, deadline - Date.now(), (listener) => (wake = listener));
      }
    },
  };
}

function waitForWake(
  name: string,
  wanted: string,
  remainingMs: number,
  listen: (listener: () => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        reject(new Error(`${name} did not say '${wanted}' in time`));
      },
      Math.max(0, remainingMs),
    );
    listen(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
