import { readdirSync, readFileSync } from "node:fs";

/** A process, with its start time, since pids are used again. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  startTime: string;
  command: string;
}

/** All that a process has started and that has it as an ancestor still. */
export function listDescendants(pid: number): ProcessEntry[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((entry) => entry !== undefined);
  const childrenOf = (parent: number): ProcessEntry[] =>
    all.filter((entry) => entry.parent === parent).flatMap((child) => [child, ...childrenOf(child.pid)]);
  return childrenOf(pid);
}

export function isRunning({ pid, startTime }: ProcessEntry): boolean {
  return readProcess(pid)?.startTime === startTime;
}

/** `undefined` for a process that has ended, also if its parent has not asked for its exit code yet. */
function readProcess(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold blanks and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, parent: Number(fields[1]), startTime: fields[19] ?? "", command };
  } catch {
    return undefined;
  }
}
