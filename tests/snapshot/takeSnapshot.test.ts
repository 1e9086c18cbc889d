import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeSnapshot, takeSnapshot } from "../../provider/snapshot/snapshotWork";
import { catchError } from "../support/catchError";
import { firstTick, lastTick, SnapshotBench, waitUntilItCountsOn } from "./snapshotBench";

describe("takeSnapshot", function () {
  this.timeout(180_000);
  let bench: SnapshotBench;
  before(async function () {
    bench = await SnapshotBench.open(this);
  });
  afterEach(() => bench.removeVms());
  after(() => bench.close());

  const rightsOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  it("saves memory, devices and drives as they are, for nobody else to read, and the guest goes on", async () => {
    const vm = await bench.start({
      drives: [
        { driveId: "data", pathOnHost: bench.writeFile("data.img", Buffer.alloc(1024 ** 2, "a")) },
        {
          driveId: "image",
          pathOnHost: bench.writeFile("image.img", Buffer.alloc(4096, "r")),
          isReadOnly: true,
        },
      ],
    });
    // As if the guest had written to its copy of the drive.
    writeFileSync(join(vm.seen.workingRoot ?? "", "drives", "data"), Buffer.alloc(1024 ** 2, "b"));
    const steps: string[] = [];
    const seen = await bench.withHost((host) =>
      takeSnapshot(host, bench.order(vm), (text) => steps.push(text)),
    );
    assert.equal(seen.status, "present");
    assert.deepEqual(steps, ["Writing 128 MiB of memory"]);
    assert.equal(await bench.observe(vm), "running");
    await waitUntilItCountsOn(vm);

    assert.equal(readFileSync(join(seen.folder, "drives", "data")).toString("latin1", 0, 1), "b");
    assert.equal(readFileSync(join(seen.folder, "drives", "image")).toString("latin1"), "r".repeat(4096));
    assert.equal(statSync(seen.memoryPath).size, 128 * 1024 ** 2);
    assert.equal(rightsOf(seen.folder), "700");
    for (const name of ["state", "memory", "drives/data", "manifest.json"]) {
      assert.equal(rightsOf(join(seen.folder, name)), "400", name);
    }
    const manifest = JSON.parse(readFileSync(join(seen.folder, "manifest.json"), "utf8")) as Record<
      string,
      unknown
    >;
    assert.deepEqual(manifest.drives, [
      { driveId: "data", isRootDevice: false, isReadOnly: false, path: "drives/data", sizeBytes: 1024 ** 2 },
      { driveId: "image", isRootDevice: false, isReadOnly: true, path: "drives/image", sizeBytes: 4096 },
    ]);
    assert.equal(manifest.firecrackerVersion, seen.firecrackerVersion);
    assert.ok(seen.sizeBytes > 1024 ** 2, String(seen.sizeBytes));
    assert.match(seen.createdAt ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(readdirSync(join(vm.seen.workingRoot ?? "", "snapshot")), []);
  });

  it("lets clones go on where the guest was, with drives of their own, also when it is removed under them", async () => {
    const vm = await bench.start({
      drives: [{ driveId: "data", pathOnHost: bench.writeFile("data.img", Buffer.alloc(4096, "a")) }],
    });
    await waitUntilItCountsOn(vm);
    const tick = lastTick(vm);
    const order = bench.order(vm);
    const { folder } = await bench.withHost((host) => takeSnapshot(host, order));
    const clones = [await bench.clone(folder), await bench.clone(folder)];
    for (const clone of clones) assert.ok(firstTick(clone) >= tick, `${firstTick(clone)} after ${tick}`);
    const [first, second] = clones.map(({ seen }) => join(seen.workingRoot ?? "", "drives", "data"));
    writeFileSync(first ?? "", Buffer.alloc(4096, "1"));
    assert.equal(readFileSync(second ?? "").toString("latin1", 0, 1), "a");

    await bench.withHost((host) => removeSnapshot(host, order));
    assert.equal(existsSync(folder), false);
    for (const clone of clones) await waitUntilItCountsOn(clone);
  });

  it("can be taken of a clone, and leaves the snapshot that the clone came from as it is", async () => {
    const vm = await bench.start();
    const first = await bench.withHost((host) => takeSnapshot(host, bench.order(vm)));
    const before = readFileSync(first.memoryPath);
    const clone = await bench.clone(first.folder);
    await waitUntilItCountsOn(clone);
    const second = await bench.withHost((host) => takeSnapshot(host, bench.order(clone)));
    assert.ok(readFileSync(first.memoryPath).equals(before), "the first snapshot's memory has changed");
    const later = await bench.clone(second.folder);
    assert.ok(firstTick(later) > firstTick(clone));
  });

  it("stops the microVM afterwards where it is told to", async () => {
    const vm = await bench.start();
    const { folder } = await bench.withHost((host) =>
      takeSnapshot(host, bench.order(vm, { afterwards: "stop" })),
    );
    assert.equal(await bench.observe(vm), "stopped");
    assert.equal(vm.seen.workingRoot !== undefined && existsSync(vm.seen.workingRoot), false);
    await waitUntilItCountsOn(await bench.clone(folder));
  });

  it("leaves a microVM paused that was paused before", async () => {
    const vm = await bench.start({ state: "paused" });
    await bench.withHost((host) => takeSnapshot(host, bench.order(vm)));
    assert.equal(await bench.observe(vm), "paused");
  });

  it("refuses a microVM that is stopped or absent, and leaves nothing", async () => {
    const vm = await bench.start();
    await bench.withHost((host) => takeSnapshot(host, bench.order(vm, { afterwards: "stop" })));
    const order = bench.order(vm);
    const stopped = await catchError(bench.withHost((host) => takeSnapshot(host, order)));
    assert.match(
      stopped.message,
      /Could not take the snapshot on .*: the microVM vm-\w+ is stopped, .*state: "running"/,
    );
    const foreign = bench.order(vm, { vm: { vmId: vm.vmId, instanceId: "fc-other" } });
    const absent = await catchError(bench.withHost((host) => takeSnapshot(host, foreign)));
    assert.match(absent.message, /there is no microVM vm-\w+ of this stack/);
    for (const { name } of [order, foreign])
      assert.equal(existsSync(`/var/lib/fc-agents/snapshots/${name}`), false);
  });
});
