import { homedir } from "node:os";
import { join } from "node:path";

/** Reads `~/` at the start of a path as the user's home folder. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}
