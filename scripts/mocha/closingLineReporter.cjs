"use strict";

const { reporters, Runner } = require("mocha");
const { formatClosingLine } = require("./closingLine.cjs");

/** A process that is still there by then has leaked something; `npm test` ends it a little later. */
const leakReportMs = 15_000;

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Runner.constants;

/**
 * Mocha's own `spec`, then every skipped test by name, then one line that counts them all. When another process
 * started this one (`npm test`), the counts go there: only that one sees how this one ended.
 */
class ClosingLineReporter extends reporters.Spec {
  /**
   * @param {import("mocha").Runner} runner
   * @param {import("mocha").MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0 };
    /** @type {string[]} */
    const skippedTitles = [];
    report(counts, false);
    runner.on(EVENT_TEST_PASS, () => {
      counts.passed += 1;
      report(counts, false);
    });
    // A failed hook arrives here as well, under the hook's name.
    runner.on(EVENT_TEST_FAIL, () => {
      counts.failed += 1;
      report(counts, false);
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      counts.skipped += 1;
      skippedTitles.push(test.fullTitle());
      report(counts, false);
    });
    runner.once(EVENT_RUN_END, () => {
      if (skippedTitles.length > 0) console.log(["Skipped:", ...skippedTitles, ""].join("\n  - "));
      report(counts, true);
      setTimeout(nameOpenResources, leakReportMs).unref();
    });
  }
}

function nameOpenResources() {
  console.log(`Still open: ${process.getActiveResourcesInfo().join(", ")}`);
}

/**
 * @param {import("./closingLine.cjs").TestCounts} counts
 * @param {boolean} isComplete
 */
function report(counts, isComplete) {
  if (process.send !== undefined) process.send({ counts, isComplete });
  else if (isComplete) console.log(formatClosingLine(counts));
}

module.exports = ClosingLineReporter;
