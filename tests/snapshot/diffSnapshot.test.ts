import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { removeSnapshot, type SnapshotSeen, takeSnapshot } from "../../provider/snapshot/snapshotWork";
import { catchError } from "../support/catchError";
import { onSmallDisk } from "./onSmallDisk";
import { firstTick, lastTick, SnapshotBench, type StartedVm, waitUntilItCountsOn } from "./snapshotBench";

describe("takeSnapshot of type Diff", function () {
  this.timeout(180_000);
  const machine = { vcpuCount: 1, memSizeMib: 128, trackDirtyPages: true };
  let bench: SnapshotBench;
  before(async function () {
    bench = await SnapshotBench.open(this);
  });
  afterEach(() => bench.removeVms());
  after(() => bench.close());

  function take(
    vm: StartedVm,
    snapshotType: "Full" | "Diff",
  ): Promise<SnapshotSeen & { remove: () => Promise<void> }> {
    const order = bench.order(vm, { snapshotType });
    return bench.withHost(async (host) => ({
      ...(await takeSnapshot(host, order)),
      remove: () => bench.withHost((again) => removeSnapshot(again, order)),
    }));
  }

  const baseOf = ({ folder }: SnapshotSeen): unknown =>
    (JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as { base: unknown }).base;

  it("is whole by itself: what it builds on may be gone", async () => {
    const vm = await bench.start({ machine });
    const full = await take(vm, "Full");
    await waitUntilItCountsOn(vm);
    const first = await take(vm, "Diff");
    await waitUntilItCountsOn(vm);
    const tick = lastTick(vm);
    const second = await take(vm, "Diff");
    assert.deepEqual(
      [full, first, second].map((snapshot) => baseOf(snapshot)?.toString()),
      [undefined, full.folder.split("/").at(-1), first.folder.split("/").at(-1)],
    );
    await full.remove();
    await first.remove();
    const clone = await bench.clone(second.folder);
    assert.ok(firstTick(clone) >= tick);
    await waitUntilItCountsOn(clone);
  });

  it("needs no base where it is the first snapshot of a microVM that was booted", async () => {
    const vm = await bench.start({ machine });
    const diff = await take(vm, "Diff");
    assert.equal(baseOf(diff), null);
    await waitUntilItCountsOn(await bench.clone(diff.folder));
  });

  it("builds on the snapshot that a clone was restored from", async () => {
    const full = await take(await bench.start({ machine }), "Full");
    const restore = {
      snapshotPath: full.snapshotPath,
      memBackend: { type: "File", path: full.memoryPath },
      trackDirtyPages: true,
    };
    const before = readFileSync(full.memoryPath);
    const clone = await bench.clone(full.folder, { restore });
    const diff = await take(clone, "Diff");
    assert.ok(readFileSync(full.memoryPath).equals(before), "the memory of the clone's origin has changed");
    await waitUntilItCountsOn(await bench.clone(diff.folder));
  });

  it("is refused where the microVM does not keep track of its memory, or the base is gone", async () => {
    const untracked = await catchError(take(await bench.start(), "Diff"));
    assert.match(untracked.message, /needs a microVM that keeps track .*`machine.trackDirtyPages`/);
    const vm = await bench.start({ machine });
    const full = await take(vm, "Full");
    await full.remove();
    const gone = await catchError(take(vm, "Diff"));
    assert.match(gone.message, /snap-test-\S+, which this one builds on, is not there any more.*"Full"/);
    const again = await take(vm, "Full");
    await take(vm, "Diff");
    assert.equal(await bench.observe(vm), "running");
    rmSync(again.memoryPath);
  });

  it("is refused after a snapshot that did not come to its end", async () => {
    const vm = await bench.start({ machine });
    await take(vm, "Full");
    await onSmallDisk(join(vm.seen.workingRoot ?? "", "snapshot"), "1m", async () => {
      await catchError(take(vm, "Full"));
    });
    assert.equal(await bench.observe(vm), "running");
    const error = await catchError(take(vm, "Diff"));
    assert.match(error.message, /the snapshot before this one did not come to its end.*"Full"/);
    await take(vm, "Full");
    await take(vm, "Diff");
  });
});
