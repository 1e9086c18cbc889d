import { readdirSync, readFileSync } from "node:fs";

/** False for a process that has ended, and for one that only its parent has still to be told of. */
export function isRunning(pid: number): boolean {
  const state = readState(pid);
  return state !== undefined && state !== "Z";
}

/** The most memory that a process has held, in KiB (proc(5), VmHWM). */
export function readPeakMemoryKib(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1]);
}

/** How many files and sockets a process holds. */
export function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** All that a process shows to others: its arguments and its environment. */
export function readShown(pid: number): string {
  return ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "utf8")).join("\n");
}

/** When a process started, in clock ticks since boot (proc(5), starttime). */
export function readStartTime(pid: number): number {
  return Number(readStat(pid)[19]);
}

function readState(pid: number): string | undefined {
  try {
    return readStat(pid)[0];
  } catch {
    return undefined;
  }
}

/** The fields after the name, which may hold blanks and parentheses itself. */
function readStat(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
}
