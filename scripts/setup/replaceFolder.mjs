import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Puts a complete folder in the place of another, so that nobody sees a half-filled one. Both are on one file system.
 *
 * @param {string} from
 * @param {string} to
 */
export function replaceFolder(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  const old = `${to}.old-${process.pid}`;
  if (existsSync(to)) renameSync(to, old);
  renameSync(from, to);
  rmSync(old, { recursive: true, force: true });
}
