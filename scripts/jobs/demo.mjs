import { SetupError } from "../setup/setupError.mjs";
import { runScript } from "./runScript.mjs";

/**
 * The two resources next to a guest that is there, or with `--component` everything from a bare host.
 *
 * @param {readonly string[]} args
 */
export function demo(args) {
  const [flag, ...others] = args;
  if (flag === undefined) return runScript("scripts/demo.ts", []);
  if (flag === "--component" && others.length === 0) return runScript("scripts/componentDemo.ts", []);
  throw new SetupError(`the demo takes --component or nothing, and not ${args.join(" ")}`);
}
