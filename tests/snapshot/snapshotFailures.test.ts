import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { withFirecracker } from "../../provider/firecrackerApi/withFirecracker";
import { observeSnapshot, removeSnapshot, takeSnapshot } from "../../provider/snapshot/snapshotWork";
import { catchError } from "../support/catchError";
import { stateRoot } from "../support/namespace";
import { waitUntil } from "../support/waitUntil";
import { findSessions } from "./findSessions";
import { onSmallDisk } from "./onSmallDisk";
import { SnapshotBench, type StartedVm, waitUntilItCountsOn } from "./snapshotBench";

describe("takeSnapshot, when something fails", function () {
  this.timeout(180_000);
  let bench: SnapshotBench;
  let vm: StartedVm;
  before(async function () {
    bench = await SnapshotBench.open(this);
  });
  beforeEach(async () => {
    vm = await bench.start({
      drives: [{ driveId: "data", pathOnHost: bench.writeFile("data.img", Buffer.alloc(4096, "a")) }],
    });
  });
  afterEach(() => bench.removeVms());
  after(() => bench.close());

  const folderOf = (name: string): string => join(stateRoot, "snapshots", name);
  const rootOf = (started: StartedVm, ...names: string[]): string =>
    join(started.seen.workingRoot ?? "", ...names);

  async function assertAsBefore(name: string): Promise<void> {
    assert.equal(await bench.observe(vm), "running");
    await waitUntilItCountsOn(vm);
    assert.equal(existsSync(join(folderOf(name), "manifest.json")), false);
    assert.equal(existsSync(join(folderOf(name), "record.json")), false);
    const left = readdirSync(rootOf(vm, "snapshot")).filter((file) => file.endsWith(".new"));
    assert.deepEqual(left, []);
  }

  it("does not even pause the microVM where there is no room", async () => {
    const order = bench.order(vm);
    const error = await onSmallDisk(folderOf(order.name), "8m", () =>
      catchError(bench.withHost((host) => takeSnapshot(host, order))),
    );
    assert.match(
      error.message,
      /the snapshot needs 145 MiB \(memory 128 MiB, drives 1 MiB\), and \d MiB are free at/,
    );
    await assertAsBefore(order.name);
  });

  it("has the microVM go on when the disk gets full in the middle, in Firecracker's words", async () => {
    const order = bench.order(vm);
    await onSmallDisk(rootOf(vm, "snapshot"), "1m", async () => {
      const error = await catchError(bench.withHost((host) => takeSnapshot(host, order)));
      assert.match(
        error.message,
        /Firecracker refused `PUT \/snapshot\/create`: Create snapshot error: Cannot write memory file: .* \(400\)/,
      );
      await assertAsBefore(order.name);
    });
  });

  it("copies from the working root where that is on another file system", async () => {
    const order = bench.order(vm);
    const { folder } = await onSmallDisk(rootOf(vm, "snapshot"), "300m", async () => {
      const seen = await bench.withHost((host) => takeSnapshot(host, order));
      assert.deepEqual(readdirSync(rootOf(vm, "snapshot")), []);
      return seen;
    });
    await waitUntilItCountsOn(await bench.clone(folder));
  });

  it("refuses to follow a link that leads out of the place where it looks for a file", async () => {
    const order = bench.order(vm);
    renameSync(rootOf(vm, "snapshot"), rootOf(vm, "moved"));
    symlinkSync("/tmp", rootOf(vm, "snapshot"));
    const error = await catchError(bench.withHost((host) => takeSnapshot(host, order)));
    assert.match(error.message, /snapshot is not the folder that it was made as/);
    renameSync(rootOf(vm, "moved"), rootOf(vm, "moved-back"));
    assert.equal(await bench.observe(vm), "running");
    assert.equal(existsSync(folderOf(order.name)), false);
  });

  it("leaves another owner's snapshot alone, unless it is to take it over", async () => {
    const order = bench.order(vm);
    const first = await bench.withHost((host) => takeSnapshot(host, order));
    const other = { ...order, owner: "organization/other/stack/Snapshot/x", instanceId: "fc-other" };
    const error = await catchError(bench.withHost((host) => takeSnapshot(host, other)));
    assert.match(
      error.message,
      /the snapshot snap-test-\S+ there belongs to organization\/tests-.*takeOver: true/,
    );
    await bench.withHost((host) => removeSnapshot(host, other));
    const seen = await bench.withHost((host) => observeSnapshot(host, order));
    assert.deepEqual([seen.status, seen.createdAt], ["present", first.createdAt]);
    assert.equal((await bench.withHost((host) => observeSnapshot(host, other))).status, "absent");

    const taken = await bench.withHost((host) => takeSnapshot(host, { ...other, takeOver: true }));
    assert.equal(taken.status, "present");
    assert.equal((await bench.withHost((host) => observeSnapshot(host, order))).status, "absent");
    await bench.withHost((host) => removeSnapshot(host, order));
    assert.equal(existsSync(taken.memoryPath), true);
    await bench.withHost((host) => removeSnapshot(host, { ...order, instanceId: "fc-other" }));
    assert.equal(existsSync(taken.folder), false);
  });

  it("has a microVM go on that an earlier attempt has left paused", async () => {
    const order = bench.order(vm);
    await bench.withHost(async (host) => {
      await withFirecracker(host, vm.seen.apiSocket ?? "", { timeoutMs: 10_000 }, (api) =>
        api.setVmState("Paused"),
      );
      const { pid, startTime, bootId } = JSON.parse(
        readFileSync(join(stateRoot, "vms", vm.vmId, "vm.pid"), "utf8"),
      ) as Record<string, unknown>;
      const process = { pid, startTime, bootId };
      mkdirSync(folderOf(order.name), { recursive: true, mode: 0o700 });
      const record = {
        owner: order.owner,
        instanceId: "fc-earlier",
        phase: "taking",
        process,
        wasRunning: true,
      };
      writeFileSync(join(folderOf(order.name), "record.json"), JSON.stringify(record));
      await takeSnapshot(host, order);
    });
    assert.equal(await bench.observe(vm), "running");
    await waitUntilItCountsOn(vm);
  });

  it("has a microVM go on at the next attempt when this one is killed in the middle", async () => {
    const order = bench.order(vm);
    const taking = bench.withHost((host) =>
      takeSnapshot(host, order, () => {
        // With all that was started through it.
        bench.vmHost.sshd.dropConnections();
      }),
    );
    await catchError(taking);
    assert.equal(await bench.observe(vm), "paused");
    assert.equal((await bench.withHost((host) => observeSnapshot(host, order))).status, "damaged");
    const seen = await bench.withHost((host) => takeSnapshot(host, order));
    assert.equal(seen.status, "present");
    assert.equal(await bench.observe(vm), "running");
    await waitUntilItCountsOn(vm);
  });

  it("has a microVM go on at once when the attempt is given up", async () => {
    const order = bench.order(vm);
    const program = `snapshots/${order.name}`;
    const taking = catchError(bench.withHost((host) => takeSnapshot(host, order)));
    await waitUntil("it is being taken", () => existsSync(join(stateRoot, program, "record.json")));
    for (const pid of findSessions(bench.vmHost.sshd).programs) process.kill(pid, "SIGTERM");
    assert.match((await taking).message, /`python3` failed on .*: exit code 143/);
    await assertAsBefore(order.name);
  });

  it("tells what of a snapshot is damaged", async () => {
    const order = bench.order(vm);
    const { folder } = await bench.withHost((host) => takeSnapshot(host, order));
    const observe = () => bench.withHost((host) => observeSnapshot(host, order));
    const damages: [string, (path: string) => void, string][] = [
      ["memory", (path) => execFileSync("truncate", ["-s", "1M", path]), "memory"],
      ["drives/data", (path) => execFileSync("rm", [path]), "the drive data"],
      [
        "state",
        (path) => execFileSync("sh", ["-c", 'printf x | dd of="$0" conv=notrunc status=none', path]),
        "state",
      ],
      ["manifest.json", (path) => execFileSync("rm", [path]), "manifest.json"],
    ];
    for (const [name, damage, expected] of damages) {
      const whole = readFileSync(join(folder, name));
      damage(join(folder, name));
      const seen = await observe();
      assert.deepEqual([seen.status, seen.damage], ["damaged", expected], name);
      writeFileSync(join(folder, name), whole);
      assert.equal((await observe()).status, "present");
    }
  });
});
