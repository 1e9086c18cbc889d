import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where daemons and network tools live; an ordinary user's PATH often lacks them. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * The path of a program on PATH or in the system's own folders.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function findExecutable(name) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return [...folders, ...systemFolders].map((folder) => join(folder, name)).find(isExecutable);
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
