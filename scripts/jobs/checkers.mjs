import { join } from "node:path";
import { cacheFolder, packagesFolder, projectFolder } from "../setup/folders.mjs";
import { ensurePythonTools } from "../setup/ensurePythonTools.mjs";
import { listFiles } from "./listFiles.mjs";

/** Everything that is written in Python, and the part of it that users run. */
const pythonFolders = ["provider", "tests", "scripts"];
const typedPythonFolders = ["provider/taskServer", "provider/hostProgram", "provider/firecrackerApi"];

/** Shell scripts without a name's end that tells, beside all that end with `.sh`. */
const shellPrograms = ["tests/support/guest/claude", "tests/support/vm/claude", ".ci/run"];

/**
 * @typedef {object} Checker
 * @property {string} name
 * @property {string} command
 * @property {readonly string[]} args
 */

/**
 * What `npm run check` runs, in two rows that go side by side: typed linting takes as long as all the others together.
 *
 * @returns {Promise<Checker[][]>}
 */
export async function listCheckers() {
  const python = await ensurePythonTools();
  const types = ["--noEmit", "--incremental", "--tsBuildInfoFile"];
  return [
    [node("eslint", "eslint/bin/eslint.js", ".", "--max-warnings", "0")],
    [
      { name: "ruff check", command: join(python, "ruff"), args: ["check", "--quiet", ...pythonFolders] },
      {
        name: "ruff format",
        command: join(python, "ruff"),
        args: ["format", "--check", "--quiet", "--diff", ...pythonFolders],
      },
      { name: "mypy", command: join(python, "mypy"), args: ["--no-error-summary", ...typedPythonFolders] },
      { name: "shellcheck", command: join(python, "shellcheck"), args: listShellScripts() },
      node("prettier", "prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."),
      node("tsc", "typescript/bin/tsc", "-p", ".", ...types, join(cacheFolder, "types.tsbuildinfo")),
      node(
        "tsc scripts",
        "typescript/bin/tsc",
        "-p",
        "scripts",
        ...types,
        join(cacheFolder, "scripts.tsbuildinfo"),
      ),
    ],
  ];
}

function listShellScripts() {
  const scripts = ["provider", "tests", "scripts"].flatMap((folder) =>
    listFiles(join(projectFolder, folder))
      .filter((path) => path.endsWith(".sh"))
      .map((path) => `${folder}/${path}`),
  );
  return [...scripts, ...shellPrograms];
}

/**
 * @param {string} name
 * @param {string} program below node_modules
 * @param {...string} args
 * @returns {Checker}
 */
function node(name, program, ...args) {
  return { name, command: process.execPath, args: [join(packagesFolder, program), ...args] };
}
