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

/**
 * Runs tests, and closes with one line that counts everything that ran.
 *
 * @param {readonly string[]} args files and folders (default: all), and options for mocha
 */
export async function test(args) {
  const { files, options } = listTestFiles(args);
  say(`Running the tests of ${files.length} ${files.length === 1 ? "file" : "files"}`);
  const startedAt = performance.now();
  const { exitCode, report } = await runMocha(files, options);
  say(`Tests took ${formatSeconds(performance.now() - startedAt)}`);
  return close(exitCode, report);
}

/**
 * @param {readonly string[]} files
 * @param {readonly string[]} options
 * @returns {Promise<{ exitCode: number, report: TestReport | undefined }>}
 */
async function runMocha(files, options) {
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

/**
 * @param {number} exitCode
 * @param {TestReport | undefined} report
 */
function close(exitCode, report) {
  const counts = report?.counts ?? { passed: 0, failed: 0, skipped: 0 };
  const isBroken = counts.failed === 0 && (exitCode !== 0 || report?.isComplete === false);
  if (isBroken) {
    say(`Outside of any test, the run ended with exit code ${exitCode}`);
    counts.failed = 1;
  }
  if (counts.passed + counts.failed === 0) say("No test ran");
  // Another reporter, named on the command line, sends no counts.
  if (report !== undefined || isBroken) say(closingLine.formatClosingLine(counts));
  return counts.failed > 0 || (report !== undefined && counts.passed === 0) ? 1 : 0;
}
