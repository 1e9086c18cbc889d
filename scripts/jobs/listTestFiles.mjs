import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { projectFolder } from "../setup/folders.mjs";
import { listFiles } from "./listFiles.mjs";

/** Options of mocha that take no value: what follows them may be a file. */
const flags = new Set([
  "--bail",
  "-b",
  "--invert",
  "-i",
  "--exit",
  "--full-trace",
  "--dry-run",
  "--fail-zero",
]);

/**
 * Takes the files and folders out of the arguments of `npm test`; without any, all tests run.
 *
 * @param {readonly string[]} args
 * @returns {{ files: string[], options: string[] }}
 */
export function listTestFiles(args) {
  const isFile = args.map((arg, index) => isPath(arg, args[index - 1]));
  const paths = args.filter((_, index) => isFile[index]);
  return {
    files: (paths.length === 0 ? ["tests"] : paths).flatMap(expand),
    options: args.filter((_, index) => !isFile[index]),
  };
}

/**
 * @param {string} arg
 * @param {string | undefined} before
 */
function isPath(arg, before) {
  const isValue =
    before !== undefined && before.startsWith("-") && !before.includes("=") && !flags.has(before);
  return !arg.startsWith("-") && !isValue;
}

/** @param {string} path */
function expand(path) {
  const full = resolve(projectFolder, path);
  // A path that does not exist is left for the loader, where it fails by its name.
  if (!existsSync(full) || !statSync(full).isDirectory()) return [full];
  return listFiles(full)
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(full, file));
}
