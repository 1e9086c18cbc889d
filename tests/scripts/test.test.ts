import assert from "node:assert/strict";
import { join } from "node:path";
import { runJob, type JobResult } from "./runJob";

function runFixtures(...args: string[]): Promise<JobResult> {
  const paths = args.map((arg) => (arg.endsWith(".ts") ? join(__dirname, "fixtures", arg) : arg));
  return runJob("jobs/test.mjs", "test", paths);
}

describe("npm test", () => {
  it("closes with a line that counts what passed, failed and was skipped", async () => {
    const { exitCode, output, lastLine } = await runFixtures("mixed.ts", "passing.ts");
    assert.equal(lastLine, "3 passed, 1 failed, 1 skipped", output);
    assert.equal(exitCode, 1);
    assert.match(output, /Skipped:\n {2}- a group is skipped \(needs a machine that flies\)/);
  });

  it("succeeds when nothing failed", async () => {
    const { exitCode, lastLine } = await runFixtures("passing.ts");
    assert.equal(lastLine, "1 passed, 0 failed, 0 skipped");
    assert.equal(exitCode, 0);
  });

  it("counts each test of a group that is skipped as a whole", async () => {
    const { exitCode, lastLine } = await runFixtures("passing.ts", "skipping.ts");
    assert.equal(lastLine, "1 passed, 0 failed, 2 skipped");
    assert.equal(exitCode, 0);
  });

  it("counts a file that does not load as a failure and runs the others", async () => {
    const { exitCode, output, lastLine } = await runFixtures("throwing.ts", "passing.ts");
    assert.equal(lastLine, "1 passed, 1 failed, 0 skipped", output);
    assert.equal(exitCode, 1);
    assert.match(output, /this file does not load/);
  });

  it("counts a file that is not there as a failure", async () => {
    const { exitCode, lastLine } = await runFixtures("absent.ts");
    assert.equal(lastLine, "0 passed, 1 failed, 0 skipped");
    assert.equal(exitCode, 1);
  });

  it("fails when a test ends the whole process, whatever its exit code", async () => {
    const { exitCode, lastLine } = await runFixtures("exiting.ts");
    assert.equal(lastLine, "1 passed, 1 failed, 0 skipped");
    assert.equal(exitCode, 1);
  });

  it("fails on an error that comes after the last test", async () => {
    const { exitCode, output, lastLine } = await runFixtures("rejecting.ts");
    assert.equal(lastLine, "1 passed, 1 failed, 0 skipped", output);
    assert.equal(exitCode, 1);
  });

  it("passes options on to mocha", async () => {
    const { exitCode, lastLine } = await runFixtures("mixed.ts", "--grep", "passes too");
    assert.equal(lastLine, "1 passed, 0 failed, 0 skipped");
    assert.equal(exitCode, 0);
  });

  it("fails when no test ran at all", async () => {
    const { exitCode, output, lastLine } = await runFixtures("mixed.ts", "--grep", "no such title");
    assert.match(output, /^No test ran$/m);
    assert.equal(lastLine, "0 passed, 0 failed, 0 skipped");
    assert.equal(exitCode, 1);
  });
});
