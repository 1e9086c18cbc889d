import { readFileSync, realpathSync } from "node:fs";
import { tryCommand } from "../setup/runCommand.mjs";
import { fileType } from "./cpioArchive.mjs";

/**
 * The entries of programs of this machine, at their own paths, with the libraries that they load.
 *
 * @param {readonly string[]} programs
 * @returns {Promise<import("./cpioArchive.mjs").CpioEntry[]>}
 */
export async function readPrograms(programs) {
  const libraries = await Promise.all(programs.map(listLibraries));
  return [...new Set([...programs, ...libraries.flat()])].map((path) => readProgram(path, path));
}

/**
 * @param {string} path where it is to be
 * @param {string} source
 * @returns {import("./cpioArchive.mjs").CpioEntry}
 */
export function readProgram(path, source) {
  return {
    path: path.replace(/^\//, ""),
    mode: fileType | 0o755,
    data: readFileSync(realpathSync(source)),
  };
}

/**
 * @param {string} program
 * @returns {Promise<string[]>}
 */
async function listLibraries(program) {
  // Its lines: `name => path (address)`, and `path (address)` for the loader.
  const { output } = await tryCommand("ldd", [program], { timeoutMs: 30_000 });
  return [...output.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1] ?? "");
}
