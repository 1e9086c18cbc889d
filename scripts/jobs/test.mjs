import { join } from "node:path";
import { packagesFolder, projectFolder } from "../setup/folders.mjs";
import { say, formatSeconds } from "../setup/say.mjs";
import closingLine from "../mocha/closingLine.cjs";
import { handOver } from "./handOver.mjs";
import { listTestFiles } from "./listTestFiles.mjs";

/** All tests take minutes; a run that takes this long hangs. The random tests go on for longer when they are told to. */
function boundRun() {
  const soakSeconds = Number(process.env["FC_AGENTS_SOAK_SECONDS"] ?? 0);
  return 60 * 60_000 + 10 * 1000 * soakSeconds;
}

/** How long a run may take to end by itself after its last test. */
const endTimeoutMs = 20_000;

/** @typedef {import("../mocha/closingLine.cjs").TestReport} TestReport */
/** @typedef {{ exitCode: number, report: TestReport | undefined }} MochaRun */

/**
 * Runs tests, and closes with one line that counts everything that ran.
 *
 * @param {readonly string[]} args files and folders (default: all), and options for mocha
 */
export async function test(args) {
  const { files, options } = listTestFiles(args);
  say(`Running the tests of ${files.length} ${files.length === 1 ? "file" : "files"}`);
  const startedAt = performance.now();
  const lanes = splitIntoLanes(files);
  if (lanes.length > 1)
    say("in two processes side by side; the second one's output follows when it has ended");
  const runs = await Promise.all(lanes.map((lane, index) => runMocha(lane, options, index > 0)));
  say(`Tests took ${formatSeconds(performance.now() - startedAt)}`);
  return close(runs);
}

/**
 * The end-to-end ring waits for the CLI and for guests most of the time, and the others for time-outs: two processes
 * take little more than half the time of one.
 *
 * @param {readonly string[]} files
 */
function splitIntoLanes(files) {
  const isEndToEnd = (/** @type {string} */ file) => /\/tests\/(e2e|guest|report)\//.test(file);
  const lanes = [files.filter(isEndToEnd), files.filter((file) => !isEndToEnd(file))];
  return lanes.filter((lane) => lane.length > 0);
}

/**
 * @param {readonly string[]} files
 * @param {readonly string[]} options
 * @param {boolean} isHeldBack
 * @returns {Promise<MochaRun>}
 */
async function runMocha(files, options, isHeldBack) {
  /** @type {TestReport | undefined} */
  let report;
  /** @type {() => void} */
  let kill = () => undefined;
  /** @param {string} message */
  const end = (message) => {
    say(message);
    kill();
  };
  const runTimeoutMs = boundRun();
  let timer = setTimeout(end, runTimeoutMs, `The tests did not end within ${runTimeoutMs / 60_000} minutes`);
  const exitCode = await handOver(
    [
      join(packagesFolder, "mocha", "bin", "mocha.js"),
      ...["--reporter", join(projectFolder, "scripts", "mocha", "closingLineReporter.cjs")],
      ...options,
      join(projectFolder, "scripts", "mocha", "loadTestFiles.cjs"),
    ],
    {
      env: { ...process.env, FC_TEST_FILES: JSON.stringify(files) },
      isHeldBack,
      onStart: (child) => {
        kill = () => child.kill("SIGKILL");
      },
      onMessage: (message) => {
        report = /** @type {TestReport} */ (message);
        if (!report.isComplete) return;
        clearTimeout(timer);
        timer = setTimeout(
          end,
          endTimeoutMs,
          "All tests have ended, but something that they opened is still open",
        );
      },
    },
  );
  clearTimeout(timer);
  return { exitCode, report };
}

/** @param {readonly MochaRun[]} runs */
function close(runs) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  let isCounted = false;
  for (const { exitCode, report } of runs) {
    const counts = report?.counts ?? { passed: 0, failed: 0, skipped: 0 };
    const isBroken = counts.failed === 0 && (exitCode !== 0 || report?.isComplete === false);
    if (isBroken) say(`Outside of any test, the run ended with exit code ${exitCode}`);
    total.passed += counts.passed;
    total.failed += isBroken ? 1 : counts.failed;
    total.skipped += counts.skipped;
    // Another reporter, named on the command line, sends no counts.
    isCounted ||= report !== undefined || isBroken;
  }
  if (total.passed + total.failed === 0) say("No test ran");
  if (isCounted) say(closingLine.formatClosingLine(total));
  return total.failed > 0 || (isCounted && total.passed === 0) ? 1 : 0;
}
