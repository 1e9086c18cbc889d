import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { assertFailed, assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { repositoryFolder } from "../support/findPulumi";
import { skipBecause } from "../support/skipBecause";
import { makeKey } from "../support/sshd";
import { Secret } from "../support/stackConfig";
import type { Guest } from "../support/startGuest";

const answer = "The stand-in agent was asked: ";

/* One stack through its whole life: each test goes on where the one before has ended. */
describe("The example, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let guest: Guest;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: repositoryFolder });
    guest = await deployment.addGuest({ generation: "bare" });
    const { connection, ...secrets } = deployment.loginConfig();
    await deployment.stack.configure({
      ...connection,
      ...secrets,
      netns: deployment.namespace.name,
      prompt: "What is this?",
      timeoutSeconds: 60,
    });
  });
  after(() => (deployment as Deployment | undefined)?.close());

  function server(): Record<string, unknown> {
    return deployment.stack.exportState().get("agent-1").outputs;
  }

  it("deploys the server, has the task done and returns the agent's result", async () => {
    const up = await deployment.stack.up();
    assertSucceeded(up);
    assert.deepEqual(up.changes, { create: 2 });
    const outputs = await deployment.stack.outputs();
    assert.equal(outputs.result, `${answer}What is this?`);
    assert.equal(outputs.url, "http://172.16.0.1:8080");
    assert.ok((await deployment.namespace.listProcesses()).includes(Number(outputs.pid)));
    assert.equal(guest.listRuns().length, 1);
  });

  it("runs nothing when nothing has changed", async () => {
    const up = await deployment.stack.up();
    assertSucceeded(up);
    assert.deepEqual(up.changes, { same: 2 });
    assert.equal(guest.listRuns().length, 1);
  });

  it("hands another task to the same process", async () => {
    const { pid } = server();
    await deployment.stack.configure({ prompt: "And what is that?" });
    const up = await deployment.stack.up();
    assertSucceeded(up);
    assert.deepEqual(up.changes, { update: 2 });
    assert.equal(deployment.stack.exportState().outputs.result, `${answer}And what is that?`);
    assert.equal(server().pid, pid);
    assert.deepEqual(
      guest.listRuns().map(({ prompt }) => prompt),
      ["What is this?", "And what is that?"],
    );
  });

  it("shows no run in a preview in which only the token has changed", async () => {
    await deployment.stack.configure({ claudeToken: new Secret(deployment.otherToken) });
    const preview = await deployment.stack.preview();
    assertSucceeded(preview);
    assert.deepEqual(preview.operations, { "agent-1": "update", summary: "same" });
  });

  it("swaps the token in the running process, for the next task", async () => {
    const { pid } = server();
    const up = await deployment.stack.up();
    assertSucceeded(up);
    assert.equal(guest.listRuns().length, 2);
    await deployment.stack.configure({ prompt: "Who are you now?" });
    assertSucceeded(await deployment.stack.up());
    assert.equal(server().pid, pid);
    const sha256 = createHash("sha256").update(deployment.otherToken).digest("hex");
    assert.deepEqual(
      guest.listRuns().map(({ tokenSha256 }) => tokenSha256 === sha256),
      [false, false, true],
    );
  });

  it("leaves server and task alone when the host has another key than expected", async () => {
    const before = server();
    const hostKey = makeKey(join(deployment.stack.folder, "other")).publicKey;
    await deployment.stack.configure({ hostKey, prompt: "Will this arrive?" });
    assertFailed(await deployment.stack.up(), /host key does not match.*SHA256:.*SHA256:/);
    assert.equal(server().taskId, before.taskId);
    assert.ok((await deployment.namespace.listProcesses()).includes(Number(before.pid)));
    assert.equal(guest.listRuns().length, 3);
    await deployment.stack.configure({ hostKey: deployment.sshd.hostKey, prompt: "Who are you now?" });
  });

  it("replaces the server when its port changes", async () => {
    const old = server();
    const other = await deployment.addGuest({ tapPort: 8081 });
    await deployment.stack.configure({ tapPort: 8081 });
    const up = await deployment.stack.up();
    assertSucceeded(up);
    assert.equal(up.operations["agent-1"], "replace");
    assert.notEqual(server().pid, old.pid);
    assert.equal(server().url, "http://172.16.0.1:8081");
    assert.ok(!(await deployment.namespace.listProcesses()).includes(Number(old.pid)));
    assert.equal(deployment.listServerFolders().length, 1);
    assert.deepEqual([guest.listRuns().length, other.listRuns().length], [3, 1]);
  });

  it("notices in a refresh that the server was killed, and deploys it again without a run", async () => {
    const { pid, taskId } = server();
    for (const process_ of await deployment.namespace.listProcesses()) process.kill(process_, "SIGKILL");
    assertSucceeded(await deployment.stack.refresh());
    assert.equal(server().status, "stopped");
    const up = await deployment.stack.up();
    assertSucceeded(up);
    assert.deepEqual(up.operations, { "agent-1": "update", summary: "same" });
    assert.equal(server().status, "running");
    assert.equal(server().taskId, taskId);
    assert.notEqual(server().pid, pid);
    assert.equal(deployment.guests.flatMap((each) => each.listRuns()).length, 4);
    assert.equal(deployment.stack.exportState().outputs.result, `${answer}Who are you now?`);
  });

  it("leaves nothing on the host after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
    assert.deepEqual(deployment.stack.exportState().resources, []);
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});
