import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Not sources; Python leaves the first beside every module that it loads. */
const ignored = new Set(["__pycache__", "node_modules"]);

/**
 * The paths of all files below a folder, relative to it and sorted; none when there is no such folder.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function listFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => !path.split("/").some((part) => ignored.has(part)))
    .filter((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile())
    .sort();
}
