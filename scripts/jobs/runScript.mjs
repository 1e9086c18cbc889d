import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../setup/folders.mjs";
import { SetupError } from "../setup/setupError.mjs";
import { handOver } from "./handOver.mjs";

/**
 * Runs a TypeScript program of this repository.
 *
 * @param {string} path from the root of the repository
 * @param {readonly string[]} args
 */
export function runScript(path, args) {
  if (!existsSync(join(projectFolder, path))) throw new SetupError(`${path} is not in this checkout`);
  // `npm run check` looks at the types.
  return handOver(["--require", "ts-node/register/transpile-only", path, ...args]);
}
