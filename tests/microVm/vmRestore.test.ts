import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { newInstanceId } from "../../provider/hostResource/createHostLifecycle";
import { removeSnapshot, takeSnapshot } from "../../provider/snapshot/snapshotWork";
import { catchError } from "../support/catchError";
import { skipBecause } from "../support/skipBecause";
import { waitUntil } from "../support/waitUntil";
import type { TestedVm } from "./testedVm";
import { VmHost } from "./vmHost";

describe("A MicroVm that is restored", function () {
  this.timeout(240_000);
  let host: VmHost;
  const taken: { name: string; instanceId: string }[] = [];

  before(async function () {
    host = await VmHost.open(this);
  });
  afterEach(() => host.removeVms());
  afterEach(async () => {
    for (const order of taken.splice(0)) await host.withHost((on) => removeSnapshot(on, order));
  });
  after(() => (host as VmHost | undefined)?.close());

  /** A guest that counts on its console, so that it is seen whether it goes on. */
  const counting = (): Record<string, unknown> => ({
    bootSource: host.bootSource("i=0; while :; do i=$((i+1)); echo tick-$i; sleep 0.2; done"),
    waitForSerial: { text: "tick-3", timeoutSeconds: 100 },
  });

  async function snapshotOf(vm: TestedVm): Promise<Record<string, unknown>> {
    const order = { name: `snap-${process.pid}-${taken.length}`, instanceId: newInstanceId() };
    taken.push(order);
    const seen = await host.withHost((on) =>
      takeSnapshot(on, {
        ...order,
        owner: `organization/tests-${process.pid}/stack/Snapshot/s`,
        vm: { vmId: vm.outputs.vmId, instanceId: vm.instanceId },
        snapshotType: "Full",
        afterwards: "stop",
      }),
    );
    const { snapshotPath, memoryPath } = seen;
    return { snapshotPath, memBackend: { type: "File", path: memoryPath } };
  }

  function clone(
    restore: Record<string, unknown>,
    overrides: Record<string, unknown> = {},
  ): Promise<TestedVm> {
    return host.create({
      machine: undefined,
      bootSource: undefined,
      waitForSerial: undefined,
      restore,
      ...overrides,
    });
  }

  it("goes on where the snapshot was taken, as often as one likes, each with drives of its own", async () => {
    const image = join(host.folder.path, "data.img");
    writeFileSync(image, Buffer.alloc(1024 ** 2, "as it was"));
    const vm = await host.create({ ...counting(), drives: [{ driveId: "data", pathOnHost: image }] });
    const restore = await snapshotOf(vm);
    const [first, second] = await Promise.all([
      clone(restore, { waitForSerial: { text: "tick-", timeoutSeconds: 60 } }),
      clone(restore),
    ]);
    assert.equal(first.outputs.status, "running");
    assert.doesNotMatch(first.readSerial(), /tick-1\b/);
    const inRoot = ({ outputs }: TestedVm, name: string): string => join(outputs.workingRoot ?? "", name);
    writeFileSync(inRoot(first, "drives/data"), "changed", { flag: "r+" });
    assert.match(readFileSync(inRoot(second, "drives/data"), "latin1"), /^as it was/);
    const memory = lstatSync(inRoot(first, "snapshot/memory"));
    assert.equal(memory.ino, lstatSync(inRoot(second, "snapshot/memory")).ino);
    // From stopped it is restored anew, and its drives with it.
    await first.update({ state: "stopped" });
    await first.update({ state: "running" });
    assert.match(readFileSync(inRoot(first, "drives/data"), "latin1"), /^as it was/);
  });

  it("waits for the word to go on", async () => {
    const restore = await snapshotOf(await host.create(counting()));
    const vm = await clone({ ...restore, resume: false }, { state: "paused" });
    assert.equal((await vm.read()).status, "paused");
    assert.equal(vm.readSerial(), "");
    await vm.update({ state: "running", restore: { ...restore, resume: true } });
    await waitUntil("the guest goes on", () => vm.readSerial().includes("tick-"));
  });

  it("is in a jail, without a copy of the memory", async function () {
    skipBecause(this, host.programs.jailer === undefined ? "there is no jailer" : undefined);
    const restore = await snapshotOf(await host.create({ ...counting(), jailer: {} }));
    const vm = await clone(restore, { jailer: {}, waitForSerial: { text: "tick-", timeoutSeconds: 60 } });
    const memory = lstatSync(join(vm.outputs.workingRoot ?? "", "snapshot", "memory"));
    assert.deepEqual([memory.uid, memory.mode & 0o777], [0, 0o440]);
    assert.ok(memory.nlink > 1);
  });

  it("gets data that no snapshot has before it goes on", async () => {
    const eth0 = { ifaceId: "eth0", hostDevName: host.namespace.tapDevice };
    const source = await host.create({
      ...counting(),
      networkInterfaces: [eth0],
      mmds: { data: { who: "first" } },
    });
    const restore = await snapshotOf(source);
    const vm = await clone(restore, { mmds: { data: { who: "clone" } } });
    assert.equal((await vm.read()).status, "running");
  });

  it("reaches a handler of page faults through its root, in a jail too", async () => {
    const restore = await snapshotOf(await host.create(counting()));
    const path = join(host.folder.path, "uffd.sock");
    let connections = 0;
    const handler = createServer((socket) => {
      connections += 1;
      socket.destroy();
    }).listen(path);
    await once(handler, "listening");
    chmodSync(path, 0o666);
    try {
      for (const jailer of host.programs.jailer === undefined ? [false] : [false, {}]) {
        const before = connections;
        // What the handler answers is no memory; that it was reached is what counts here.
        await catchError(clone({ ...restore, memBackend: { type: "Uffd", path } }, { jailer }));
        assert.equal(connections, before + 1);
      }
    } finally {
      handler.close();
    }
  });

  it("names the file that is missing, and says why Firecracker refuses one, leaving nothing", async () => {
    const vmName = `rest-${process.pid}`;
    const there = join(host.folder.path, "no-snapshot");
    writeFileSync(there, "this is none");
    const missing = { snapshotPath: "/nowhere/state", memBackend: { path: there } };
    const error = await catchError(clone(missing, { vmName }));
    assert.match(error.message, /\/nowhere\/state \(`restore\.snapshotPath`\) cannot be used/);
    const refused = await catchError(clone({ snapshotPath: there, memBackend: { path: there } }, { vmName }));
    assert.match(refused.message, /PUT \/snapshot\/load/);
    assert.ok(!existsSync(`/var/lib/fc-agents/vms/${vmName}`));
  });
});
