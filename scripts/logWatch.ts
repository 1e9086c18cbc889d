import { setTimeout as sleep } from "node:timers/promises";

const lookMs = 25;

/** A line with the time when it was first seen, in milliseconds since 1970. */
export interface SeenLine {
  readonly text: string;
  readonly at: number;
}

/** Knows when each line of a growing log has come. */
export interface LogWatch {
  find(pattern: RegExp): SeenLine[];
  /** Waits for a line; fails with the end of the log when the time is over. */
  waitFor(pattern: RegExp, timeoutMs: number): Promise<SeenLine>;
  stop(): void;
}

export function makeLogWatch(read: () => string): LogWatch {
  const lines: SeenLine[] = [];
  const look = (): void => {
    // What follows the last line end is not a whole line yet.
    for (const text of read().split("\n").slice(lines.length, -1)) lines.push({ text, at: Date.now() });
  };
  const timer = setInterval(look, lookMs);
  const find = (pattern: RegExp): SeenLine[] => lines.filter(({ text }) => pattern.test(text));
  return {
    find,
    waitFor: async (pattern, timeoutMs) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const [found] = find(pattern);
        if (found !== undefined) return found;
        if (Date.now() > deadline) {
          const end = lines.slice(-5).map(({ text }) => text);
          throw new Error(`after ${timeoutMs} ms still no ${pattern.source} in the log:\n${end.join("\n")}`);
        }
        await sleep(lookMs);
      }
    },
    stop: () => {
      look();
      clearInterval(timer);
    },
  };
}
