import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestAgent } from "./startGuestAgent";

/**
 * The command lines of a guest agent and of all that came from it, which has its folder in the environment; with a
 * needle, of those that have that in their environment as well.
 */
export function listGuestProcesses(guest: GuestAgent, needle = ""): string[] {
  return readdirSync("/proc")
    .filter((entry) => {
      const environment = /^\d+$/.test(entry) ? read(entry, "environ") : "";
      return environment.includes(guest.folder) && environment.includes(needle);
    })
    .map((entry) => read(entry, "cmdline").replaceAll("\0", " ").trimEnd())
    .filter((line) => line !== "");
}

function read(pid: string, name: string): string {
  try {
    return readFileSync(join("/proc", pid, name), "latin1");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
