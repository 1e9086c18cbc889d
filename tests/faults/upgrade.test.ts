import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { serverArchive } from "../../provider/taskServer/serverArchive";
import { OldStack, type OldResource } from "../support/faults/oldStack";
import { WorkingGuest } from "../support/faults/workingGuest";
import { skipBecause } from "../support/skipBecause";
import { Guest } from "../support/taskServer/guest";
import { useSshd } from "../support/useSshd";

const names = ["agent-1", "summary", "long"];
const otherToken = "sk-ant-oat01-another-one";

describe("A stack that an older version of the package has deployed", () => {
  const sshd = useSshd();
  let stack: OldStack;

  before(function () {
    skipBecause(this, process.getuid?.() === 0 ? undefined : "the folder of the fixture is root's");
  });
  beforeEach(async () => {
    stack = OldStack.restore(sshd.main().connection());
    await stack.server.deploy();
  });
  afterEach(async () => {
    await stack.server.stop({ remove: true });
  });

  async function update(
    { id, outputs, inputs, lifecycle }: OldResource,
    change: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const checked: { inputs?: unknown } = await lifecycle.check(inputs, { ...inputs, ...change });
    const diff = await lifecycle.diff(id, outputs, checked.inputs);
    assert.equal(diff.changes, true);
    assert.deepEqual(diff.replaces ?? [], []);
    const updated: { outs?: unknown } = await lifecycle.update(id, outputs, checked.inputs);
    return updated.outs as Record<string, unknown>;
  }

  async function assertOldResults(): Promise<void> {
    const taskId = String(stack.find("long").outputs.taskId);
    const outcome = await stack.server.wait(taskId);
    assert.ok(outcome.isFinal);
    assert.ok(outcome.head.equals(stack.readResult(taskId)));
  }

  for (const name of names) {
    it(`shows no change of ${name}, and can be refreshed`, async () => {
      const { id, inputs, outputs, lifecycle } = stack.find(name);
      const checked: { inputs?: unknown; failures?: unknown } = await lifecycle.check(inputs, inputs);
      assert.deepEqual(checked.failures, []);
      assert.equal((await lifecycle.diff(id, outputs, checked.inputs)).changes, false);
      const read: { id?: string; props?: unknown } = await lifecycle.read(id, outputs);
      assert.equal(read.id, id);
      const { status, taskId, result } = read.props as Record<string, unknown>;
      assert.deepEqual([taskId, result], [outputs.taskId, outputs.result]);
      assert.equal(status, outputs.status);
      assert.equal((await lifecycle.diff(id, read.props, checked.inputs)).changes, false);
    });
  }

  it("keeps its server as long as nothing touches the host", async () => {
    const { serverVersion } = await stack.server.control((client) => client.status());
    assert.equal(serverVersion, stack.version);
    assert.notEqual(stack.version, serverArchive().version);
    await assertOldResults();
  });

  it("has its idle server replaced by the next update that touches the host, with all that it had", async () => {
    const before = await stack.server.status();
    const outs = await update(stack.find("agent-1"), { oauthToken: otherToken });
    assert.equal(outs.serverVersion, serverArchive().version);
    assert.notEqual(outs.pid, before.pid);
    assert.equal(outs.taskId, stack.find("agent-1").outputs.taskId);
    await assertOldResults();
  });

  it("keeps its busy server, which takes the change and goes on; once idle, the next update replaces it", async () => {
    const { pid } = await stack.server.status();
    const guest = new Guest(stack.server, "127.0.0.2");
    const task = await stack.server.submit();
    await guest.take();
    const resource = stack.find("agent-1");
    const outs = await update(resource, { oauthToken: otherToken });
    assert.deepEqual([outs.pid, outs.serverVersion], [pid, stack.version]);
    assert.equal((await guest.post("done", task.id)).status, 200);
    const next = await stack.server.submit();
    assert.equal((await guest.take()).token, otherToken);
    await guest.post("done", next.id);
    const later = await update({ ...resource, outputs: outs }, { maxResultBytes: 5000 });
    assert.equal(later.serverVersion, serverArchive().version);
    await assertOldResults();
    assert.equal((await stack.server.record(task.id)).state, "done");
  });

  it("runs an agent for a changed task, once, and for nothing else", async () => {
    const guest = new WorkingGuest(stack.server, "127.0.0.2", () => Buffer.from("another text"));
    guest.start();
    try {
      await update(stack.find("agent-1"), { maxResultBytes: 5000 });
      await update(stack.find("long"), { timeoutSeconds: 61 });
      assert.deepEqual([...guest.runs], []);
      const outs = await update(stack.find("long"), { task: { prompt: "Write something else" } });
      assert.equal(outs.result, "another text");
      assert.deepEqual([...guest.runs], [[outs.taskId, 1]]);
    } finally {
      await guest.stop();
    }
  });

  it("can be destroyed, and leaves nothing", async () => {
    for (const name of [...names].reverse()) {
      const { id, outputs, lifecycle } = stack.find(name);
      await lifecycle.delete(id, outputs);
    }
    assert.equal(existsSync(stack.server.folder), false);
  });
});
