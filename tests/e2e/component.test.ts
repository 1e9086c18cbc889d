import assert from "node:assert/strict";
import { join } from "node:path";
import { ComponentHost } from "../support/componentHost";
import { assertFailed, assertSucceeded } from "../support/deployment";
import { repositoryFolder } from "../support/findPulumi";
import { followProgress } from "../support/followProgress";
import type { HostContents } from "../support/hostContents";
import { waitUntil } from "../support/waitUntil";

const answer = "The stand-in agent was asked: ";
const questions = ["one", "two", "three"];
const runNames = questions.map((_, index) => `question-${index + 1}`);

const stepTimeoutMs = 60_000;

/* One stack on one host: each test goes on where the one before has ended. */
describe("Agents from nothing: network, microVM, snapshot and clones, end to end", function () {
  this.timeout(240_000);
  let host: ComponentHost;
  let bare: HostContents;

  before(async function () {
    host = await ComponentHost.openFor(this, join(repositoryFolder, "examples", "fc-agent-run", "component"));
    bare = await host.contents();
    await host.configure({ questions });
  });
  after(() => (host as ComponentHost | undefined)?.close());

  const answersTo = (asked: readonly string[]): string[] => asked.map((question) => answer + question);
  const taskIds = (): unknown[] => runNames.map((name) => host.outputsOf("AgentRun", name).taskId);

  it("previews everything without a word to the host", async () => {
    const connections = host.world.sshd.countConnections();
    const preview = await host.stack.preview();
    assertSucceeded(preview);
    // The component of the snapshot with the bake, and three of a run with their four parts.
    assert.equal(preview.changes.create, 2 + 3 * 5, preview.text);
    assert.equal(host.world.sshd.countConnections(), connections);
  });

  it("bakes a guest, restores three clones with one address, and has three results", async () => {
    assertSucceeded(await host.stack.up());
    assert.deepEqual((await host.stack.outputs()).answers, answersTo(questions));
    const subnets = runNames.map((name) => host.outputsOf("HostNetwork", name).linkSubnet);
    assert.equal(new Set(subnets).size, 3, String(subnets));
    for (const name of runNames) assert.equal(host.outputsOf("AgentRun", name).guest, "172.16.0.2");
  });

  it("has stopped microVMs and task servers by then, and left nothing of the bake but the snapshot", async () => {
    const { processes, namespaces, files } = await host.contents();
    assert.deepEqual(processes, bare.processes);
    assert.equal(namespaces?.length, (bare.namespaces?.length ?? 0) + 3, String(namespaces));
    const kinds = (files ?? []).map((file) => (file.includes("/") ? file.split("/")[0] : "server"));
    const expected = ["networks", "vms", "server"].flatMap((kind) => [kind, kind, kind]);
    assert.deepEqual(kinds.sort(), [...expected, "snapshots"].sort(), String(files));
  });

  it("does nothing in a second pulumi up, also after a refresh", async () => {
    const ids = taskIds();
    assertSucceeded(await host.stack.refresh());
    const again = await host.stack.up();
    assertSucceeded(again);
    assert.deepEqual(again.changes, { same: 2 + 3 * 5 }, again.text);
    assert.deepEqual(taskIds(), ids);
  });

  it("asks another question in a fresh clone, and leaves the others alone", async () => {
    const before = taskIds();
    const asked = ["one", "another", "three"];
    await host.configure({ questions: asked });
    assertSucceeded(await host.stack.up());
    assert.deepEqual((await host.stack.outputs()).answers, answersTo(asked));
    const after = taskIds();
    assert.deepEqual([after[0], after[2]], [before[0], before[2]]);
    assert.notEqual(after[1], before[1]);
  });

  it("says so at once when a microVM ends in the middle of a run, and stops what is left", async () => {
    await host.configure({ questions: ["one", "@hang 600", "three"] });
    const operation = host.stack.start("up", ["--yes", "--skip-preview"]);
    const messages: string[] = [];
    const stop = followProgress(operation.eventLog, ({ text }) => messages.push(text));
    try {
      const isRunning = (): boolean => messages.some((text) => /^running/.test(text));
      await waitUntil("the agent runs", isRunning, stepTimeoutMs);
      process.kill(host.readVmPid("question-2"), "SIGKILL");
      assertFailed(
        await operation.result,
        /The run of task \S+ in guest 172\.16\.0\.2 failed: the microVM ended \(signal SIGKILL\) before the result came/,
      );
    } finally {
      stop();
    }
    assert.deepEqual((await host.contents()).processes, bare.processes);
  });

  it("tries again with the next pulumi up", async () => {
    await host.configure({ questions: ["one", "better", "three"] });
    assertSucceeded(await host.stack.up());
    assert.deepEqual((await host.stack.outputs()).answers, answersTo(["one", "better", "three"]));
  });

  it("leaves the host as it was after a destroy", async () => {
    assertSucceeded(await host.stack.destroy());
    assert.deepEqual(await host.contents(), bare);
  });
});
