import { readFileSync, writeFileSync } from "node:fs";

export interface Memory {
  rssBytes: number;
  /** Pages that are shared with other processes count in part: the sum over processes is what they take together. */
  pssBytes: number;
}

/** What processes take together, from the kernel's own sums (proc(5)). */
export function sumMemory(pids: readonly number[]): Memory {
  const sum = { rssBytes: 0, pssBytes: 0 };
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    sum.rssBytes += readKiB(text, "Rss");
    sum.pssBytes += readKiB(text, "Pss");
  }
  return sum;
}

/** Makes the present size of a process the beginning of its peak (proc(5), clear_refs). */
export function resetPeak(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  return readPeak(pid);
}

/** The largest resident size since the process began, or since `resetPeak`. */
export function readPeak(pid: number): number {
  return readKiB(readFileSync(`/proc/${pid}/status`, "utf8"), "VmHWM");
}

export function countThreads(pid: number): number {
  return Number(/^Threads:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** A process, its children and theirs. */
export function listFamily(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return [pid, ...children.map(Number).flatMap(listFamily)];
}

function readKiB(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024;
}
