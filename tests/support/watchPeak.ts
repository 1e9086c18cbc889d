import { writeFileSync } from "node:fs";
import { readPeakMemoryKib } from "./taskServer/processFacts";

/** How often a process is looked at, in milliseconds: its peak never falls, so only its last moments are missed. */
const lookEveryMs = 20;

/** The most memory that processes hold. */
export interface PeakWatch {
  /** Ends the watch. The sum over the processes of what each has held at most, in MiB; it may have ended. */
  stop(): number;
}

/** Watches the peak (VmHWM) of processes that may end meanwhile. */
export function watchPeak(pids: readonly number[]): PeakWatch {
  const peaks = new Map<number, number>();
  const look = (): void => {
    for (const pid of pids) {
      try {
        const peak = readPeakMemoryKib(pid);
        if (Number.isFinite(peak)) peaks.set(pid, peak);
      } catch {
        // It has ended; what it held before counts.
      }
    }
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  return {
    stop: () => {
      look();
      clearInterval(timer);
      return [...peaks.values()].reduce((sum, peak) => sum + peak, 0) / 1024;
    },
  };
}

/** Makes what a process holds now the beginning of its peak (proc(5), clear_refs), and tells how much it is, in MiB. */
export function resetPeak(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  return readPeakMemoryKib(pid) / 1024;
}
