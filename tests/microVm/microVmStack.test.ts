import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findPulumiObstacle } from "../support/findPulumi";
import { type OperationResult, PulumiStack } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import { Secret } from "../support/stackConfig";
import { waitUntil } from "../support/waitUntil";
import { isAlive } from "./testedVm";
import { greeting, VmHost } from "./vmHost";

function assertSucceeded(result: OperationResult): void {
  assert.equal(result.exitCode, 0, result.text);
}

const guestToken = "guest-token-of-this-test";

/* One stack: each test goes on where the one before has ended. */
describe("A stack with a MicroVm", function () {
  this.timeout(240_000);
  let host: VmHost;
  let stack: PulumiStack;

  before(async function () {
    skipBecause(this, findPulumiObstacle());
    host = await VmHost.open(this);
    stack = await PulumiStack.create({ project: join(__dirname, "program") });
    const { privateKey, ...connection } = host.sshd.connection();
    await stack.configure({
      privateKey: new Secret(privateKey),
      guestToken: new Secret(guestToken),
      connection: { ...connection },
    });
    await declare({});
  });
  after(async () => {
    await (stack as PulumiStack | undefined)?.destroy();
    (stack as PulumiStack | undefined)?.remove();
    await (host as VmHost | undefined)?.close();
  });

  function declare(overrides: object): Promise<void> {
    const vm = host.inputs({
      networkInterfaces: [{ ifaceId: "eth0", hostDevName: host.namespace.tapDevice }],
      ...overrides,
      ...{ connection: undefined, stableKey: undefined },
    });
    return stack.configure({ vm: JSON.parse(JSON.stringify(vm)) as object });
  }

  function outputs(): Record<string, unknown> {
    return stack.exportState().get("vm").outputs;
  }

  it("is previewed without reaching the host", async () => {
    const result = await stack.preview();
    assertSucceeded(result);
    assert.deepEqual([result.changes, host.sshd.countConnections()], [{ create: 1 }, 0]);
  });

  it("fails its preview with all that is wrong at once", async () => {
    await declare({ machine: { vcpuCount: 33, memSizeMib: 128 }, balloon: { amountMib: 256 } });
    const result = await stack.preview();
    assert.notEqual(result.exitCode, 0);
    assert.match(result.text, /`machine\.vcpuCount` to be a whole number from 1 to 32/);
    assert.match(result.text, /`balloon\.amountMib` to be at most `machine\.memSizeMib`/);
    await declare({});
  });

  it("boots what it declares, and changes nothing when it is run again", async () => {
    assertSucceeded(await stack.up());
    const { status, pid, serialLogPath } = await stack.outputs();
    assert.equal(status, "running");
    assert.ok(isAlive(Number(pid)));
    assert.match(readFileSync(String(serialLogPath), "utf8"), new RegExp(greeting));
    const again = await stack.up();
    assertSucceeded(again);
    assert.deepEqual(again.changes, { same: 1 });
    assert.equal((await stack.outputs()).pid, pid);
  });

  it("keeps what it hands to the guest a secret", () => {
    const state = JSON.stringify(stack.exportState());
    assert.ok(!state.includes(guestToken) && !stack.transcript.includes(guestToken));
  });

  it("is paused and goes on", async () => {
    const { pid } = outputs();
    await declare({ state: "paused" });
    const paused = await stack.up();
    assertSucceeded(paused);
    assert.deepEqual([paused.changes, outputs().status], [{ update: 1 }, "paused"]);
    await declare({});
    assertSucceeded(await stack.up());
    assert.deepEqual([outputs().status, outputs().pid], ["running", pid]);
  });

  it("sees a VM that was killed, and mends it", async () => {
    const { pid, serialLogPath } = outputs();
    process.kill(Number(pid), "SIGKILL");
    await waitUntil("its end is written down", () =>
      existsSync(join(String(serialLogPath), "..", "exit.json")),
    );
    assertSucceeded(await stack.refresh());
    assert.deepEqual([outputs().status, outputs().exitSignal], ["ended", "SIGKILL"]);
    const preview = await stack.preview();
    assert.deepEqual(preview.changes, { update: 1 });
    assertSucceeded(await stack.up());
    assert.equal(outputs().status, "running");
  });

  it("replaces the VM for what only a new process can be told, the old one first", async () => {
    const { pid } = outputs();
    await declare({ machine: { vcpuCount: 1, memSizeMib: 160 } });
    const result = await stack.up();
    assertSucceeded(result);
    assert.deepEqual(result.changes, { replace: 1 });
    assert.ok(!isAlive(Number(pid)) && isAlive(Number(outputs().pid)));
  });

  it("leaves nothing when it is destroyed", async () => {
    const { pid, serialLogPath } = outputs();
    assertSucceeded(await stack.destroy());
    assert.ok(!isAlive(Number(pid)) && !existsSync(join(String(serialLogPath), "..")));
  });
});
