import assert from "node:assert/strict";
import { join } from "node:path";
import { assertFailed, assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { skipBecause } from "../support/skipBecause";
import type { ResourceState } from "../support/stackState";
import type { Guest } from "../support/startGuest";

const answer = "The stand-in agent was asked: ";

/* One stack whose runs change: each test goes on where the one before has ended. */
describe("AgentRun, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let guest: Guest;
  let runCount = 0;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
    guest = await deployment.addGuest();
    await deployment.stack.configure({
      ...deployment.loginConfig(),
      servers: { "agent-1": { netns: deployment.namespace.name } },
    });
  });
  after(() => (deployment as Deployment | undefined)?.close());

  function outputsOf(name: string): ResourceState["outputs"] {
    return deployment.stack.exportState().get(name).outputs;
  }

  /** How often the agent has run since the last call. */
  function countNewRuns(): number {
    const before = runCount;
    runCount = guest.listRuns().length;
    return runCount - before;
  }

  it("returns each run its own result, three on one server", async () => {
    await deployment.stack.configure({
      runs: {
        first: { server: "agent-1", task: { prompt: "one\nline 2 'quoted' $HOME `id` \u{1F600}" } },
        second: { server: "agent-1", task: { prompt: "--version", model: "opus", effort: "max" } },
        third: { server: "agent-1", task: { prompt: "three", outputFormat: "json" } },
      },
    });
    assertSucceeded(await deployment.stack.up());
    assert.equal(outputsOf("first").result, `${answer}one\nline 2 'quoted' $HOME \`id\` \u{1F600}`);
    assert.equal(outputsOf("second").result, `${answer}--version`);
    assert.equal(countNewRuns(), 3);
    const { result, costUsd, numTurns, usage, exitCode, status, guest: claimedBy } = outputsOf("third");
    assert.deepEqual(
      { result, costUsd, numTurns, usage, exitCode, status, claimedBy },
      {
        ...{ result: `${answer}three`, costUsd: 0.0125, numTurns: 3 },
        ...{ usage: { input_tokens: 1200, output_tokens: 34 }, exitCode: 0, status: "done" },
        claimedBy: guest.address,
      },
    );
  });

  it("fails with the agent, shows the end of its output, and tries again with the next up", async () => {
    guest.steer("fail", "3");
    await deployment.stack.configure({ runs: { only: { server: "agent-1", task: { prompt: "try" } } } });
    assertFailed(await deployment.stack.up(), /failed: the agent ended with exit code 3.*the agent gave up/);
    const failed = outputsOf("only");
    assert.deepEqual([failed.status, failed.exitCode], ["failed", 3]);
    assert.equal(countNewRuns(), 1);

    guest.unsteer("fail");
    assertSucceeded(await deployment.stack.up());
    assert.equal(outputsOf("only").result, `${answer}try`);
    assert.notEqual(outputsOf("only").taskId, failed.taskId);
    assert.equal(countNewRuns(), 1);
  });

  it("tells an agent's failure by the JSON that it prints", async () => {
    await deployment.stack.configure({
      runs: { only: { server: "agent-1", task: { prompt: "@api-error", outputFormat: "json" } } },
    });
    assertFailed(await deployment.stack.up(), /the API.s rate or usage limit was reached/);
    assert.equal(countNewRuns(), 1);
  });

  it("keeps a failure as the run's result where the stack wants that", async () => {
    await deployment.stack.configure({
      runs: { only: { server: "agent-1", task: { prompt: "@fail 7" }, failOnAgentError: false } },
    });
    assertSucceeded(await deployment.stack.up());
    assert.deepEqual([outputsOf("only").status, outputsOf("only").exitCode], ["failed", 7]);
    const again = await deployment.stack.up();
    assert.deepEqual(again.changes, { same: 2 });
    assert.equal(countNewRuns(), 1);
  });

  it("gives up waiting after its time, and the next up waits for the same task", async () => {
    guest.steer("hold");
    const run = { server: "agent-1", task: { prompt: "take your time" }, timeoutSeconds: 10 };
    await deployment.stack.configure({ runs: { only: run } });
    assertFailed(
      await deployment.stack.up(),
      /timed out.*still claimed after 10 s.*`pulumi up` waits for it again/,
    );
    const { taskId } = outputsOf("only");
    guest.unsteer("hold");
    assertSucceeded(await deployment.stack.up());
    assert.deepEqual(
      [outputsOf("only").taskId, outputsOf("only").result],
      [taskId, `${answer}take your time`],
    );
    assert.equal(countNewRuns(), 1);
  });

  it("masks the token in a result, and says so", async () => {
    await deployment.stack.configure({ runs: { only: { server: "agent-1", task: { prompt: "@token" } } } });
    assertSucceeded(await deployment.stack.up());
    const { result, isTokenMasked } = outputsOf("only");
    assert.match(String(result), /^my token is \S+/);
    assert.ok(!String(result).includes(deployment.token));
    assert.equal(isTokenMasked, true);
    assert.equal(countNewRuns(), 1);
  });

  it("withdraws its task when it is deleted, and leaves nothing after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
    assert.equal(countNewRuns(), 0);
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});
