import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";

/**
 * A text that changes when a file of the list is added, removed or written.
 *
 * @param {string} folder
 * @param {readonly string[]} paths
 */
export function fingerprint(folder, paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    const { mtimeMs, size } = statSync(join(folder, path));
    hash.update(`${path}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest("hex");
}
