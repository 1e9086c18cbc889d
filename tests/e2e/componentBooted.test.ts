import assert from "node:assert/strict";
import { join } from "node:path";
import { ComponentHost } from "../support/componentHost";
import { assertFailed, assertSucceeded } from "../support/deployment";
import type { HostContents } from "../support/hostContents";

const answer = "The stand-in agent was asked: ";

/* One stack on one host: each test goes on where the one before has ended. */
describe("An agent in a microVM that is booted for it, end to end", function () {
  this.timeout(240_000);
  let host: ComponentHost;
  let bare: HostContents;
  let pid: unknown;

  before(async function () {
    host = await ComponentHost.openFor(this, join(__dirname, "programs", "booted"));
    bare = await host.contents();
  });
  after(() => (host as ComponentHost | undefined)?.close());

  const configure = (prompt: string, more: object = {}): Promise<void> =>
    host.configure({ run: { task: { prompt }, timeoutSeconds: 120 }, ...more });

  it("keeps microVM and task server when it is told to", async () => {
    await configure("first", { keepAlive: true, jailer: false });
    assertSucceeded(await host.stack.up());
    const outputs = await host.stack.outputs();
    assert.equal(outputs.result, `${answer}first`);
    assert.equal(outputs.status, "running");
    assert.equal(outputs.pid, host.readVmPid("only"));
    pid = outputs.pid;
  });

  it("has the next task done by the same microVM", async () => {
    await configure("second");
    const up = await host.stack.up();
    assertSucceeded(up);
    assert.equal((await host.stack.outputs()).result, `${answer}second`);
    assert.equal(host.readVmPid("only"), pid);
    assert.equal(up.changes.update, 1, up.text);
  });

  it("goes on waiting in a microVM that outlives the wait, and pays once", async () => {
    await host.configure({
      keepAlive: false,
      run: { task: { prompt: "slow\n@hang 14" }, timeoutSeconds: 10 },
    });
    assertFailed(await host.stack.up(), /timed out: it was still claimed after 10 s/);
    const waiting = host.readVmPid("only");
    const { taskId } = host.outputsOf("AgentRun", "only");
    // A refresh sees a microVM at work, which is no drift.
    assertSucceeded(await host.stack.refresh());
    await host.configure({ run: { task: { prompt: "slow\n@hang 14" }, timeoutSeconds: 60 } });
    assertSucceeded(await host.stack.up());
    const { result, attempts, taskId: finished } = host.outputsOf("AgentRun", "only");
    assert.deepEqual([result, attempts, finished], [`${answer}slow`, 1, taskId]);
    assert.throws(() => process.kill(waiting, 0), /ESRCH/);
    assert.deepEqual((await host.contents()).processes, bare.processes);
  });

  it("leaves the host as it was after a destroy", async () => {
    assertSucceeded(await host.stack.destroy());
    assert.deepEqual(await host.contents(), bare);
  });
});
