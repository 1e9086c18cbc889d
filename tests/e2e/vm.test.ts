import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assertFailed, assertSucceeded, type Deployment } from "../support/deployment";
import { followProgress } from "../support/followProgress";
import type { Namespace } from "../support/namespace";
import type { OperationResult } from "../support/pulumiStack";
import { temporaryFolder } from "../support/temporaryFolder";
import type { QemuGuest } from "../support/vm/qemuGuest";
import { serveRepository, type ServedRepository } from "../support/vm/serveRepository";
import { countTasks, VmDeployment, waitForBoot, waitForTask } from "../support/vm/vmDeployment";

const answer = "The stand-in agent was asked: ";
const edits = [
  "@edit README written by the agent",
  "@binary picture.bin",
  "@commit",
  "@edit new.txt not committed",
];

/* One stack, one server, one virtual machine: each test goes on where the one before has ended. */
describe("An agent in a virtual machine, end to end", function () {
  this.timeout(180_000);
  let vms: VmDeployment;
  let deployment: Deployment;
  let namespace: Namespace;
  let machine: QemuGuest;
  let repository: ServedRepository;
  const messages: { name: string; text: string; at: number }[] = [];

  before(async function () {
    vms = await VmDeployment.open(this);
    ({ deployment } = vms);
    namespace = await vms.addNamespace();
    machine = await vms.boot(namespace);
    repository = await serveRepository(namespace, "http");
    vms.onClose(() => repository.stop());
    await deployment.stack.configure({ servers: { "agent-1": { netns: namespace.name } } });
  });
  after(() => (vms as VmDeployment | undefined)?.close());

  function outputsOf(name: string): Record<string, unknown> {
    return vms.outputsOf(name);
  }

  /** One run, and its `pulumi up`, with what the engine shows of it meanwhile. */
  async function up(run: Record<string, unknown>): Promise<OperationResult> {
    await deployment.stack.configure({ runs: { only: { server: "agent-1", ...run } } });
    return deployment.stack.up();
  }

  it("does tasks of every kind in one pulumi up, each once", async () => {
    const { url: gitRepoUrl } = repository;
    const tasks: Record<string, object> = {
      text: { prompt: "as text\n@turns 4\n@edit notes/../notes.txt x\n@hang 2", outputFormat: "text" },
      json: { prompt: "as json", outputFormat: "json", model: "claude-opus-4-5" },
      stream: { prompt: "as events\n@turns 2", outputFormat: "stream-json" },
      patched: { prompt: ["change it", ...edits].join("\n"), gitRepoUrl },
      failing: { prompt: "@stderr one line\n@fail 3" },
      unclonable: { prompt: "p", gitRepoUrl: gitRepoUrl.replace("repository", "none") },
    };
    const runs: Record<string, object> = {};
    for (const [name, task] of Object.entries(tasks)) {
      runs[name] = { server: "agent-1", task, failOnAgentError: false };
    }
    await deployment.stack.configure({ runs });
    const operation = deployment.stack.start("up", ["--yes", "--skip-preview"]);
    const stop = followProgress(operation.eventLog, (message) =>
      messages.push({ ...message, at: performance.now() }),
    );
    try {
      assertSucceeded(await operation.result);
    } finally {
      stop();
    }
    assert.equal(countTasks(machine), 6, machine.console());
    for (const name of Object.keys(tasks)) assert.equal(outputsOf(name).guest, "172.16.0.2");
  });

  it("returns text, object and events with the figures of the run", () => {
    const figures = { exitCode: 0, costUsd: 0.0125, usage: { input_tokens: 1200, output_tokens: 34 } };
    for (const [name, numTurns, expected] of [
      ["text", 6, `${answer}as text`],
      ["json", 1, `${answer}as json`],
      ["stream", 3, undefined],
    ] as const) {
      const { result, exitCode, costUsd, usage, errorKind, ...others } = outputsOf(name);
      assert.deepEqual({ exitCode, costUsd, usage }, figures, name);
      assert.deepEqual([others.numTurns, errorKind], [numTurns, undefined], name);
      assert.equal((others.json as Record<string, unknown>).type, "result", name);
      if (expected !== undefined) assert.equal(result, expected);
    }
    assert.deepEqual(Object.keys(outputsOf("json").modelUsage as object), ["claude-opus-4-5"]);
    const events = String(outputsOf("stream").result).trimEnd().split("\n");
    const types = events.map((line) => (JSON.parse(line) as { type: string }).type);
    assert.deepEqual(types, ["system", "assistant", "user", "assistant", "user", "result"]);
  });

  it("shows on the run's own line what the agent does, at most twice a second", () => {
    const shown = messages.filter(({ name }) => name === "text");
    const lines = shown.map(({ text }) => text).join("\n");
    assert.match(lines, /^turn 5: Edit notes\/\.\.\/notes\.txt, \d+ s$/m);
    assert.match(messages.map(({ text }) => text).join("\n"), /^queued behind \d$/m);
    const seconds = ((shown.at(-1)?.at ?? 0) - (shown[0]?.at ?? 0)) / 1000;
    assert.ok(shown.length <= 2 * seconds + 2, `${shown.length} lines in ${seconds} s:\n${lines}`);
  });

  it("returns a patch that applies to the commit that the agent started from", async () => {
    const { patch, commit } = outputsOf("patched");
    assert.equal(commit, repository.commit);
    const folder = await temporaryFolder();
    try {
      const clone = join(folder.path, "clone");
      execFileSync("git", ["clone", "--quiet", repository.path, clone]);
      execFileSync("git", ["-C", clone, "apply", "--index", "-"], { input: String(patch) });
      assert.equal(readFileSync(join(clone, "README"), "utf8"), "Read me.\nwritten by the agent\n");
      assert.equal(readFileSync(join(clone, "new.txt"), "utf8"), "not committed\n");
      assert.deepEqual([...readFileSync(join(clone, "picture.bin"))], [...Array(256).keys()]);
    } finally {
      await folder.remove();
    }
  });

  it("tells of an agent that fails, and of a repository that cannot be cloned", () => {
    const { errorKind, exitCode, stderrTail } = outputsOf("failing");
    assert.deepEqual([errorKind, exitCode, stderrTail], ["agent-failed", 3, "one line\nthe agent gave up\n"]);
    const unclonable = outputsOf("unclonable");
    assert.equal(unclonable.errorKind, "clone-failed");
    assert.match(String(unclonable.reason), /could not be cloned: .*repository '.*none.*' not found/);
  });

  it("waits no longer than it should for a machine that was killed while its agent ran", async () => {
    const pending = up({ task: { prompt: "@hang" }, timeoutSeconds: 12 });
    await waitForTask(machine, 7);
    await machine.kill();
    assertFailed(await pending, /timed out.*still claimed after 12 s.*`pulumi up` waits for it again/);
    assert.equal(outputsOf("only").status, "claimed");
  });

  it("fails a run whose machine has booted anew, and the next pulumi up tries again", async () => {
    const { taskId } = outputsOf("only");
    const pending = up({ task: { prompt: "@hang" }, timeoutSeconds: 60 });
    machine = await vms.boot(namespace);
    assertFailed(await pending, /lost/);
    assert.deepEqual([outputsOf("only").errorKind, outputsOf("only").taskId], ["guest-lost", taskId]);
    await waitForBoot(machine);
    assert.equal(countTasks(machine), 0);

    assertSucceeded(await up({ task: { prompt: "once more" } }));
    assert.equal(outputsOf("only").result, `${answer}once more`);
    assert.equal(countTasks(machine), 1);
  });

  it("leaves nothing on the host after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    await machine.kill();
    await repository.stop();
    await deployment.assertNothingLeft(namespace);
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});
