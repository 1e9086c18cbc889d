import { SetupError } from "../setup/setupError.mjs";
import { say } from "../setup/say.mjs";
import { test } from "./test.mjs";

const defaultSeconds = 600;

/** What goes on for as long as it is told to: kills at random instants, and the fuzzers. */
const soakedFiles = [
  "tests/faults/killedAtRandom.test.ts",
  "tests/hostile/parserFuzz.test.ts",
  "tests/hostile/serverFuzz.test.ts",
];

/**
 * Runs the random tests for a long time. Each says how far it is, and with a failure the seed that reproduces it.
 *
 * @param {readonly string[]} args seconds for each of them (default: 600), and options for mocha
 */
export function soak(args) {
  const [first = String(defaultSeconds), ...options] = args;
  if (!/^[1-9]\d{0,5}$/.test(first))
    throw new SetupError(`Expected a number of seconds, got '${first}': npm run test:soak -- 1800`);
  process.env["FC_AGENTS_SOAK_SECONDS"] = first;
  const seed = process.env["FC_AGENTS_SEED"];
  say(`Each random test goes on for ${first} s${seed === undefined ? "" : `, with the seed ${seed}`}`);
  return test([...soakedFiles, ...options]);
}
