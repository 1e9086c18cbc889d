import assert from "node:assert/strict";
import { join } from "node:path";
import { assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { findNamespaceObstacle, type Namespace } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import type { Guest } from "../support/startGuest";
import { waitUntil } from "../support/waitUntil";

const answer = "The stand-in agent was asked: ";

/** Large enough to be seen on the host as a file. */
const longTask = { prompt: "finished before the stop\n@bytes 20000" };
const longResult = "x".repeat(20_000);

/* One stack with two servers: each test goes on where the one before has ended. */
describe("Two servers with one address in two namespaces, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let otherNamespace: Namespace;
  let guest: Guest;
  let otherGuest: Guest;
  let left: Record<string, unknown>;
  let right: Record<string, unknown>;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
    // A real TAP device where the machine has them: it is what a microVM's network card ends in.
    const kind = findNamespaceObstacle("tap") === undefined ? "tap" : "veth";
    otherNamespace = await deployment.addNamespace({ kind });
    guest = await deployment.addGuest({ generation: "bare" });
    otherGuest = await deployment.addGuest({ namespace: otherNamespace, generation: "emptyHeader" });
    await deployment.stack.configure(deployment.loginConfig());
    left = { netns: deployment.namespace.name, task: { prompt: "left" } };
    right = { netns: otherNamespace.name, task: { prompt: "right" } };
  });
  after(() => (deployment as Deployment | undefined)?.close());

  function outputsOf(name: string): Record<string, unknown> {
    return deployment.stack.exportState().get(name).outputs;
  }

  function countRuns(): [number, number] {
    return [guest.listRuns().length, otherGuest.listRuns().length];
  }

  it("serves each guest from the server of its own namespace", async () => {
    await deployment.stack.configure({
      servers: { left, right },
      runs: { "run-left": { server: "left" }, "run-right": { server: "right" } },
    });
    assertSucceeded(await deployment.stack.up());
    assert.deepEqual(
      [outputsOf("run-left").result, outputsOf("run-right").result],
      [`${answer}left`, `${answer}right`],
    );
    assert.equal(outputsOf("left").url, outputsOf("right").url);
    assert.ok((await otherNamespace.listProcesses()).includes(Number(outputsOf("right").pid)));
  });

  it("collects from a server that is stopped, without a run", async () => {
    await deployment.stack.configure({
      servers: { left: { ...left, task: longTask }, right },
      runs: undefined,
    });
    assertSucceeded(await deployment.stack.up());
    await waitUntil("the result is stored", () => deployment.countLargeResults() === 1);
    const { taskId } = outputsOf("left");
    await deployment.stack.configure({
      servers: { left: { ...left, task: longTask, running: false }, right },
    });
    assertSucceeded(await deployment.stack.up());
    assert.deepEqual([outputsOf("left").status, outputsOf("left").pid], ["stopped", undefined]);
    assert.deepEqual(await deployment.namespace.listProcesses(), []);

    await deployment.stack.configure({ runs: { late: { server: "left" } } });
    assertSucceeded(await deployment.stack.up());
    assert.deepEqual([outputsOf("late").result, outputsOf("late").taskId], [longResult, taskId]);
    assert.deepEqual(countRuns(), [2, 1]);
  });

  it("is started again with all that it kept, and runs nothing for it", async () => {
    await deployment.stack.configure({
      servers: { left: { ...left, task: longTask }, right },
    });
    assertSucceeded(await deployment.stack.up());
    assert.equal(outputsOf("left").status, "running");
    assert.deepEqual(countRuns(), [2, 1]);
  });

  it("still has the results of a server that was killed, after it was deployed again", async () => {
    await deployment.stack.configure({ runs: undefined });
    assertSucceeded(await deployment.stack.up());
    for (const pid of await deployment.namespace.listProcesses()) process.kill(pid, "SIGKILL");
    assertSucceeded(await deployment.stack.refresh());
    assert.deepEqual([outputsOf("left").status, outputsOf("right").status], ["stopped", "running"]);

    await deployment.stack.configure({ runs: { again: { server: "left" } } });
    const up = await deployment.stack.up();
    assertSucceeded(up);
    assert.deepEqual(up.operations, { left: "update", right: "same", again: "create" });
    assert.equal(outputsOf("again").result, longResult);
    assert.deepEqual(countRuns(), [2, 1]);
  });

  it("leaves nothing on the host after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
    await deployment.assertNothingLeft(otherNamespace);
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});
