import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VmHost } from "../microVm/vmHost";
import { findPulumiObstacle } from "../support/findPulumi";
import { stateRoot } from "../support/namespace";
import { type OperationResult, PulumiStack } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import { Secret } from "../support/stackConfig";

function assertSucceeded(result: OperationResult): void {
  assert.equal(result.exitCode, 0, result.text);
}

/* One stack: each test goes on where the one before has ended. */
describe("A stack with a Snapshot and a clone", function () {
  this.timeout(240_000);
  let host: VmHost;
  let stack: PulumiStack;

  before(async function () {
    skipBecause(this, findPulumiObstacle());
    host = await VmHost.open(this);
    stack = await PulumiStack.create({ project: join(__dirname, "program") });
    const { privateKey, ...connection } = host.sshd.connection();
    const { firecrackerPath, jailer, machine, bootSource, waitForSerial } = host.inputs();
    await stack.configure({
      privateKey: new Secret(privateKey),
      connection,
      microVm: { firecrackerPath, jailer, machine, bootSource, waitForSerial },
    });
  });
  after(async () => {
    await (stack as PulumiStack | undefined)?.destroy();
    (stack as PulumiStack | undefined)?.remove();
    await (host as VmHost | undefined)?.close();
  });

  it("is previewed without reaching the host", async () => {
    const result = await stack.preview();
    assertSucceeded(result);
    assert.deepEqual([result.changes, host.sshd.countConnections()], [{ create: 3 }, 0]);
  });

  it("makes all three in one go, and changes nothing when it is run again", async () => {
    assertSucceeded(await stack.up());
    const { status, folder, sizeBytes, originStatus } = await stack.outputs();
    assert.deepEqual([status, originStatus], ["present", "running"]);
    assert.ok(existsSync(join(String(folder), "manifest.json")) && Number(sizeBytes) > 0);
    const again = await stack.up();
    assertSucceeded(again);
    assert.deepEqual(again.changes, { same: 3 });
  });

  it("takes the snapshot and the clone anew for other triggers, and leaves the microVM as it is", async () => {
    const before = await stack.outputs();
    await stack.configure({ snapshot: { triggers: ["2"] } });
    const preview = await stack.preview();
    assert.deepEqual(preview.operations, { origin: "same", warm: "replace", clone: "replace" });
    assertSucceeded(await stack.up());
    const after = await stack.outputs();
    assert.equal(after.originPid, before.originPid);
    assert.notEqual(after.clonePid, before.clonePid);
    assert.notEqual(after.createdAt, before.createdAt);
  });

  it("keeps the snapshot when the microVM is only updated", async () => {
    const { createdAt } = await stack.outputs();
    const { firecrackerPath, jailer, machine, bootSource, waitForSerial } = host.inputs();
    await stack.configure({
      microVm: {
        firecrackerPath,
        jailer,
        machine,
        bootSource,
        waitForSerial,
        shutdownTimeoutSeconds: 1,
      },
    });
    const preview = await stack.preview();
    assert.deepEqual([preview.operations.origin, preview.operations.clone], ["update", "same"]);
    assertSucceeded(await stack.up());
    assert.equal((await stack.outputs()).createdAt, createdAt);
  });

  it("mends what a refresh has seen to be gone", async () => {
    const { folder } = await stack.outputs();
    rmSync(join(String(folder), "memory"));
    assertSucceeded(await stack.refresh());
    assert.equal(stack.exportState().get("warm").outputs.status, "damaged");
    const result = await stack.up();
    assertSucceeded(result);
    assert.deepEqual(result.changes, { update: 1, same: 2 });
    assert.ok(existsSync(join(String(folder), "memory")));
  });

  it("keeps the connection's key secret", () => {
    const { inputs, outputs } = stack.exportState().get("warm");
    for (const values of [inputs, outputs]) assert.ok(!JSON.stringify(values).includes("PRIVATE KEY"));
  });

  it("is destroyed after a reboot has taken the processes, and leaves nothing", async () => {
    const { folder, originPid, clonePid } = await stack.outputs();
    for (const pid of [originPid, clonePid]) process.kill(Number(pid), "SIGKILL");
    assertSucceeded(await stack.destroy());
    assert.equal(existsSync(String(folder)), false);
    const names = existsSync(join(stateRoot, "snapshots")) ? readdirSync(join(stateRoot, "snapshots")) : [];
    assert.ok(!names.some((name) => String(folder).endsWith(name)));
  });
});
