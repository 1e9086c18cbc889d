import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { listFiles } from "./listFiles.mjs";

/**
 * Makes a folder equal to another by moving files over, each of them in one step: what runs from it meanwhile never
 * finds a file missing or half-written. Files that are equal stay as they are. Both are on one file system.
 *
 * @param {string} from
 * @param {string} to
 */
export function syncFolder(from, to) {
  const wanted = listFiles(from);
  for (const path of wanted) {
    const [source, target] = [join(from, path), join(to, path)];
    if (existsSync(target) && readFileSync(target).equals(readFileSync(source))) continue;
    mkdirSync(dirname(target), { recursive: true });
    renameSync(source, target);
  }
  const keep = new Set(wanted);
  for (const path of listFiles(to)) if (!keep.has(path)) rmSync(join(to, path), { force: true });
}
