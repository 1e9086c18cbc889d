// Plain Node.js without packages: in a fresh clone this is what installs them.
//   node scripts/run.mjs JOB [ARGUMENT…]
import { ensureDebianPackages } from "./setup/ensureDebianPackages.mjs";
import { ensureNodeModules } from "./setup/ensureNodeModules.mjs";
import { ensurePulumi } from "./setup/ensurePulumi.mjs";
import { say, formatSeconds } from "./setup/say.mjs";
import { SetupError } from "./setup/setupError.mjs";
import { build } from "./jobs/build.mjs";
import { check } from "./jobs/check.mjs";
import { demo } from "./jobs/demo.mjs";
import { fix } from "./jobs/fix.mjs";
import { runScript } from "./jobs/runScript.mjs";
import { soak } from "./jobs/soak.mjs";
import { test } from "./jobs/test.mjs";
import { usePath } from "./jobs/usePath.mjs";
import { ensureVmPackages } from "./vm/ensureVmPackages.mjs";

const oldestNode = 20;

/** @typedef {(args: readonly string[]) => Promise<number>} Job returns the exit code */

/** @type {Readonly<Record<string, Job>>} */
const jobs = {
  setup: () => setUpAll().then(() => 0),
  build: () => setUpPackages().then(build),
  check: () => setUpPackages().then(check),
  fix: () => setUpPackages().then(fix),
  test: (args) => setUpAll().then(() => buildThen(() => test(args))),
  soak: (args) => setUpAll().then(() => buildThen(() => soak(args))),
  demo: (args) => setUpAll().then(() => buildThen(() => demo(args))),
  bench: (args) => setUpAll().then(() => buildThen(() => runScript("scripts/bench.ts", args))),
};

async function setUpPackages() {
  await setUp(ensureNodeModules);
}

async function setUpAll() {
  await setUp(ensureDebianPackages, ensureNodeModules, () => ensurePulumi().then(usePath), ensureVmPackages);
}

/** @param {(() => Promise<string>)[]} parts */
async function setUp(...parts) {
  const startedAt = performance.now();
  const found = [];
  for (const part of parts) found.push(await part());
  say(`Set-up is complete (${found.join("; ")}): ${formatSeconds(performance.now() - startedAt)}`);
}

/** @param {() => Promise<number>} job */
async function buildThen(job) {
  const exitCode = await build();
  return exitCode === 0 ? job() : exitCode;
}

async function main() {
  const [name = "", ...args] = process.argv.slice(2);
  const job = jobs[name];
  if (job === undefined)
    throw new SetupError(`there is no job '${name}'; there are ${Object.keys(jobs).join(", ")}`);
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    throw new SetupError(`Node.js ${oldestNode} or newer is needed, and this is ${process.versions.node}`);
  }
  return job(args);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
