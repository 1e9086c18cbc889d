import { readFileSync } from "node:fs";

/** Whether a process runs no more; one that nobody has waited for yet has ended all the same. */
export function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}
