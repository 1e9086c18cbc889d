import assert from "node:assert/strict";
import { join } from "node:path";
import { assertFailed, assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { PulumiStack } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import { Secret } from "../support/stackConfig";
import { TaskServer } from "../support/taskServer/taskServer";
import { waitFor } from "../support/taskServer/waitFor";

const programs = join(__dirname, "programs");
const answer = "The stand-in agent was asked: ";

/** What a stack of the other project is told. */
const refusal =
  /the task server for 172\.16\.0\.1:8080 there belongs to organization\/declared\/test\/FcTaskServer\/agent-1\. .*`tapPort` or `netns`.*`takeOver: true`/;

/* Two stacks of two projects and one server: each test goes on where the one before has ended. */
describe("Two stacks that claim one task server, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let first: PulumiStack;
  let second: PulumiStack;
  let server: TaskServer;
  let queuedTaskId: string;
  let doneTaskId: string;
  let pid: number;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(programs, "declared") });
    first = deployment.stack;
    second = await PulumiStack.create({ project: join(programs, "second-owner") });
    const { name: netns, tapIp } = deployment.namespace;
    server = new TaskServer({ identity: { netns, tapIp, tapPort: 8080 } });
    await first.configure({
      ...deployment.loginConfig(),
      servers: { "agent-1": { netns } },
      runs: { only: { server: "agent-1", task: { prompt: "of the first stack" } } },
    });
    await second.configure({
      ...{ ...deployment.loginConfig(), claudeToken: new Secret(deployment.otherToken) },
      servers: { theirs: { netns } },
    });
  });
  after(async () => {
    await (second as PulumiStack | undefined)?.endOperations();
    await (deployment as Deployment | undefined)?.close();
    (second as PulumiStack | undefined)?.remove();
  });

  it("refuses the second, names the owner and the ways out, and touches nothing", async () => {
    const guest = await deployment.addGuest();
    assertSucceeded(await first.up());
    await guest.stop();
    doneTaskId = String(first.exportState().get("only").outputs.taskId);
    const { name: netns } = deployment.namespace;
    await first.configure({ servers: { "agent-1": { netns, task: { prompt: "left in the queue" } } } });
    assertSucceeded(await first.up());
    const { outputs } = first.exportState().get("agent-1");
    [queuedTaskId, pid] = [String(outputs.taskId), Number(outputs.pid)];

    const before = await server.status();
    assertFailed(await second.up(), refusal);
    assert.deepEqual(await server.status(), before);
    assert.equal(second.exportState().find("theirs")?.id, undefined);
  });

  it("hands the server over with its queue and results where the second sets takeOver", async () => {
    const { name: netns } = deployment.namespace;
    await second.configure({ servers: { theirs: { netns, takeOver: true } } });
    assertSucceeded(await second.up());
    assert.equal(second.exportState().get("theirs").outputs.pid, pid);
    assert.equal((await server.record(queuedTaskId)).state, "queued");
    const { state, collected } = await server.record(doneTaskId);
    assert.deepEqual([state, collected], ["done", true]);
  });

  it("runs what was queued, once, and keeps its result", async () => {
    const guest = await deployment.addGuest();
    const outcome = await server.wait(queuedTaskId);
    assert.equal(outcome.isFinal && outcome.head.toString(), `${answer}left in the queue`);
    assert.equal(guest.listRuns().length, 1);
  });

  it("tells the first stack on refresh, and refuses its next up, naming the second", async () => {
    assertSucceeded(await first.refresh());
    assert.equal(first.exportState().get("agent-1").outputs.status, "taken-over");
    assertFailed(await first.up(), /belongs to organization\/second-owner\/test\/FcTaskServer\/theirs/);
  });

  it("leaves the server to the second when the first stack is destroyed", async () => {
    assertSucceeded(await first.destroy());
    assert.deepEqual(first.exportState().resources, []);
    const status = await waitFor("the server answers", () => server.status());
    assert.deepEqual([status.pid, status.listening], [pid, true]);
    assert.equal((await server.record(queuedTaskId)).state, "done");
  });

  it("leaves nothing on the host when the second is destroyed too", async () => {
    assertSucceeded(await second.destroy());
    await deployment.assertNothingLeft();
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});
