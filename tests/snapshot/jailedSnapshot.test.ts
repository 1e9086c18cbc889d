import assert from "node:assert/strict";
import { chownSync, existsSync, linkSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { takeSnapshot } from "../../provider/snapshot/snapshotWork";
import { catchError } from "../support/catchError";
import { stateRoot } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { SnapshotBench, waitUntilItCountsOn } from "./snapshotBench";

/** Nobody's, on this machine and on others. */
const uid = 60_699;

describe("takeSnapshot of a jailed microVM", function () {
  this.timeout(180_000);
  let bench: SnapshotBench;
  let jailed: Record<string, unknown>;
  before(async function () {
    bench = await SnapshotBench.open(this);
    const { jailer } = bench.vmHost.programs;
    skipBecause(this, jailer === undefined ? "there is no jailer" : undefined);
    jailed = { jailer: { uid, gid: uid }, jailerPath: jailer };
  });
  afterEach(() => bench.removeVms());
  after(() => bench.close());

  const drives = (): Record<string, unknown>[] => [
    { driveId: "data", pathOnHost: bench.writeFile("data.img", Buffer.alloc(4096, "a")) },
    { driveId: "image", pathOnHost: bench.writeFile("image.img", Buffer.alloc(4096, "r")), isReadOnly: true },
  ];

  it("gives root the files, and clones in jails of that group links to them", async () => {
    const vm = await bench.start({ ...jailed, drives: drives() });
    assert.match(vm.seen.workingRoot ?? "", /\/jail\//);
    const seen = await bench.withHost((host) => takeSnapshot(host, bench.order(vm)));
    for (const path of [seen.snapshotPath, seen.memoryPath, join(seen.folder, "drives", "data")]) {
      const found = statSync(path);
      assert.deepEqual([found.uid, found.gid, found.mode & 0o777], [0, uid, 0o440], path);
    }
    await waitUntilItCountsOn(vm);
    const clone = await bench.clone(seen.folder, jailed);
    await waitUntilItCountsOn(clone);
    const linked = statSync(join(clone.seen.workingRoot ?? "", "snapshot", "memory"));
    assert.equal(linked.ino, statSync(seen.memoryPath).ino);
    const again = await bench.withHost((host) => takeSnapshot(host, bench.order(clone)));
    await waitUntilItCountsOn(await bench.clone(again.folder, jailed));
  });

  it("writes a Diff over a copy that the jailed user may write to", async () => {
    const machine = { vcpuCount: 1, memSizeMib: 128, trackDirtyPages: true };
    const vm = await bench.start({ ...jailed, machine });
    await bench.withHost((host) => takeSnapshot(host, bench.order(vm)));
    const order = bench.order(vm, { snapshotType: "Diff" });
    const diff = await bench.withHost((host) => takeSnapshot(host, order));
    assert.deepEqual([statSync(diff.memoryPath).uid, statSync(diff.memoryPath).mode & 0o777], [0, 0o440]);
    await waitUntilItCountsOn(await bench.clone(diff.folder, jailed));
  });

  it("saves nothing from outside of the jail, wherever names in it lead", async () => {
    const vm = await bench.start({ ...jailed, drives: drives() });
    const root = vm.seen.workingRoot ?? "";
    const secret = bench.writeFile("secret.txt", "of the host");
    const data = join(root, "drives", "data");
    renameSync(data, `${data}.kept`);
    symlinkSync(secret, data);
    const order = bench.order(vm);
    const linked = await catchError(bench.withHost((host) => takeSnapshot(host, order)));
    assert.match(linked.message, /data in .* cannot be read/);
    rmSync(data);
    renameSync(`${data}.kept`, data);

    renameSync(join(root, "drives"), join(root, "kept"));
    symlinkSync(bench.vmHost.folder.path, join(root, "drives"));
    const moved = await catchError(bench.withHost((host) => takeSnapshot(host, order)));
    assert.match(moved.message, /drives is not the folder that it was made as/);
    rmSync(join(root, "drives"));
    renameSync(join(root, "kept"), join(root, "drives"));
    assert.equal(existsSync(join(stateRoot, "snapshots", order.name)), false);

    // A second name of a file that is somebody else's must not be given away with the snapshot.
    chownSync(secret, uid, uid);
    linkSync(secret, join(root, "snapshot", "state.new"));
    const seen = await bench.withHost((host) => takeSnapshot(host, order));
    assert.equal(seen.status, "present");
    assert.deepEqual([statSync(secret).uid, statSync(secret).nlink], [uid, 1]);
  });
});
