import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { faultOf } from "../support/firecracker/callApi";
import { FirecrackerProcess } from "../support/firecracker/firecrackerProcess";
import { counterArguments, lastCount, shellArguments } from "../support/firecracker/guestPrograms";
import { hasEnded } from "../support/firecracker/hasEnded";
import { useMachines } from "../support/firecracker/useMachines";
import { waitUntil } from "../support/waitUntil";

const memory = { vcpu_count: 1, mem_size_mib: 128 };
const start = { action_type: "InstanceStart" };
const bootTimeoutMs = 60_000;

describe("a machine of Firecracker's", function () {
  this.timeout(120_000);
  const machines = useMachines();

  async function boot(
    bootArguments: string,
    ...settings: [string, string, unknown][]
  ): Promise<FirecrackerProcess> {
    const { vmlinux, initramfs } = machines.image();
    const machine = await machines.start();
    await machine.configure(
      ["PUT", "/machine-config", memory],
      ...settings,
      [
        "PUT",
        "/boot-source",
        { kernel_image_path: vmlinux, initrd_path: initramfs, boot_args: bootArguments },
      ],
      ["PUT", "/actions", start],
    );
    return machine;
  }

  async function bootCounter(...settings: [string, string, unknown][]): Promise<FirecrackerProcess> {
    const machine = await boot(counterArguments, ...settings);
    await waitForCount(machine, 3);
    return machine;
  }

  function waitForCount(machine: FirecrackerProcess, count: number): Promise<void> {
    return waitUntil(`the guest has counted to ${count}`, () => lastCount(machine) >= count, bootTimeoutMs);
  }

  /** Pauses it; what it has said by then has all arrived once an answer has come after it. */
  async function pause(machine: FirecrackerProcess): Promise<number> {
    await machine.configure(["PATCH", "/vm", { state: "Paused" }]);
    await machine.configure(["GET", "/", undefined]);
    return lastCount(machine);
  }

  async function snapshot(
    machine: FirecrackerProcess,
    type = "Full",
  ): Promise<{ state: string; memory: string }> {
    const files = {
      state: join(machine.folder, `state-${type}`),
      memory: join(machine.folder, `memory-${type}`),
    };
    await machine.configure([
      "PUT",
      "/snapshot/create",
      { snapshot_type: type, snapshot_path: files.state, mem_file_path: files.memory },
    ]);
    return files;
  }

  function loadOf(files: { state: string; memory: string }, more: object = {}): object {
    return {
      snapshot_path: files.state,
      mem_backend: { backend_type: "File", backend_path: files.memory },
      ...more,
    };
  }

  it("stands still while it is paused, and goes on", async () => {
    const machine = await bootCounter();
    await pause(machine);
    assert.equal(await machines.stateOf(machine), "Paused");
    // The last characters may still have been under way.
    await machines.settle(machine);
    const before = lastCount(machine);
    await machine.configure(["PATCH", "/vm", { state: "Paused" }], ["GET", "/", undefined]);
    await machines.settle(machine);
    assert.equal(lastCount(machine), before);
    await machine.configure(["PATCH", "/vm", { state: "Resumed" }]);
    assert.equal(await machines.stateOf(machine), "Running");
    await waitForCount(machine, before + 2);
  });

  it("goes on from a snapshot three times at once, each for itself", async () => {
    const machine = await bootCounter(["PUT", "/entropy", {}]);
    await pause(machine);
    const files = await snapshot(machine);
    assert.equal(statSync(files.memory).size, memory.mem_size_mib * 1024 * 1024);
    await machines.settle(machine);
    const counted = lastCount(machine);
    const load = loadOf(files, { resume_vm: true });
    const clones = await Promise.all([1, 2, 3].map(() => machines.start()));
    await Promise.all(clones.map((clone) => clone.configure(["PUT", "/snapshot/load", load])));
    for (const clone of clones) {
      assert.equal(await machines.stateOf(clone), "Running");
      await waitForCount(clone, counted + 3);
      assert.equal(firstCount(clone), counted + 1, clone.console());
    }
  });

  it("is paused after a snapshot is loaded, unless it was asked to go on", async () => {
    const machine = await bootCounter();
    await pause(machine);
    const files = await snapshot(machine);
    const clone = await machines.start();
    await clone.configure(["PUT", "/snapshot/load", loadOf(files)]);
    assert.equal(await machines.stateOf(clone), "Paused");
    await clone.configure(["PATCH", "/vm", { state: "Resumed" }]);
    await waitForCount(clone, lastCount(machine) + 2);
  });

  it("can be saved twice in one pause, and goes on afterwards", async () => {
    const machine = await bootCounter();
    const counted = await pause(machine);
    await snapshot(machine);
    await snapshot(machine);
    await machine.configure(["PATCH", "/vm", { state: "Resumed" }]);
    await waitForCount(machine, counted + 3);
  });

  it("cannot be loaded from a later Diff alone, but can be once that is laid over its base", async () => {
    const machine = await bootCounter(["PATCH", "/machine-config", { track_dirty_pages: true }]);
    await pause(machine);
    const base = await snapshot(machine);
    await machine.configure(["PATCH", "/vm", { state: "Resumed" }]);
    await waitForCount(machine, lastCount(machine) + 3);
    const counted = await pause(machine);
    const difference = await snapshot(machine, "Diff");
    const alone = await machines.start();
    const refused = await alone.call("PUT", "/snapshot/load", loadOf(difference));
    assert.match(faultOf(refused) ?? "", /laid over its base/);
    // Over the base, as Firecracker does itself when both bear one name.
    const over = { snapshot_type: "Diff", snapshot_path: base.state, mem_file_path: base.memory };
    await machine.configure(["PUT", "/snapshot/create", over]);
    const clone = await machines.start();
    await clone.configure(["PUT", "/snapshot/load", loadOf(base, { resume_vm: true })]);
    await waitForCount(clone, counted + 2);
  });

  it("needs a place of its own for the socket of each clone's vsock", async () => {
    const machine = await bootCounter(["PUT", "/vsock", { guest_cid: 3, uds_path: "v.sock" }]);
    await pause(machine);
    const files = await snapshot(machine);
    const there = await machines.start({ folder: machine.folder, socketName: "clone.sock" });
    const refused = await there.call("PUT", "/snapshot/load", loadOf(files));
    assert.match(faultOf(refused) ?? "", /Unix socket.*os error 98/);
    const clone = await machines.start();
    const load = loadOf(files, { vsock_override: { uds_path: "other.sock" }, resume_vm: true });
    await clone.configure(["PUT", "/snapshot/load", load]);
    assert.ok(existsSync(join(clone.folder, "other.sock")));
    await waitForCount(clone, lastCount(machine) + 2);
  });

  it("ends with exit code 0 when its guest restarts, and after Ctrl-Alt-Del", async () => {
    const restarted = await boot(shellArguments("/bin/busybox reboot -f"));
    assert.equal(await restarted.waitForEnd(), 0, restarted.console());
    const pressed = await bootCounter();
    await pressed.configure(["PUT", "/actions", { action_type: "SendCtrlAltDel" }]);
    assert.equal(await pressed.waitForEnd(), 0);
  });

  it("ends when its guest's kernel panics", async () => {
    const machine = await boot(shellArguments("exit 1"));
    assert.equal(await machine.waitForEnd(), 0, machine.console());
    assert.match(machine.console(), /Kernel panic/);
  });

  it("does not end at Ctrl-Alt-Del where the guest has no keyboard, or stands still", async () => {
    const deaf = await boot(counterArguments.replace("quiet", "quiet i8042.nokbd"));
    await waitForCount(deaf, 3);
    await deaf.configure(["PUT", "/actions", { action_type: "SendCtrlAltDel" }]);
    await waitForCount(deaf, lastCount(deaf) + 10);
    const paused = await bootCounter();
    await pause(paused);
    await paused.configure(["PUT", "/actions", { action_type: "SendCtrlAltDel" }]);
    assert.equal(await machines.stateOf(paused), "Paused");
    await paused.configure(["PATCH", "/vm", { state: "Resumed" }]);
    assert.equal(await paused.waitForEnd(), 0);
  });

  it("refuses what has to come before the start, and its start again", async () => {
    const machine = await bootCounter();
    const late: [string, string, unknown][] = [
      ["PUT", "/actions", start],
      ["PUT", "/machine-config", memory],
      ["PATCH", "/machine-config", { mem_size_mib: 256 }],
      ["PUT", "/boot-source", { kernel_image_path: "k" }],
      ["PUT", "/drives/d", { drive_id: "d", path_on_host: "k", is_root_device: false }],
      ["PUT", "/network-interfaces/e", { iface_id: "e", host_dev_name: "t" }],
      ["PUT", "/vsock", { guest_cid: 3, uds_path: "v" }],
      ["PUT", "/logger", {}],
      ["PUT", "/metrics", { metrics_path: "m" }],
      ["PUT", "/mmds/config", { network_interfaces: ["e"] }],
      ["PUT", "/entropy", {}],
      ["PUT", "/balloon", { amount_mib: 1, deflate_on_oom: true }],
      ["PUT", "/snapshot/load", { snapshot_path: "s", mem_file_path: "m" }],
    ];
    for (const [method, path, body] of late) {
      const answer = await machine.call(method, path, body);
      assert.equal(answer.status, 400, path);
      assert.match(faultOf(answer) ?? "", /not supported after starting the microVM/, path);
    }
  });

  it("refuses a snapshot while it runs, and changes of devices that it has not", async () => {
    const machine = await bootCounter();
    const running = await machine.call("PUT", "/snapshot/create", { snapshot_path: "s", mem_file_path: "m" });
    assert.match(faultOf(running) ?? "", /Create snapshot error.*while running/);
    assert.ok(!existsSync(join(machine.folder, "m")), "nothing is left of it");
    for (const [path, body] of [
      ["/drives/d", { drive_id: "d", path_on_host: "x" }],
      ["/network-interfaces/e", { iface_id: "e" }],
      ["/balloon", { amount_mib: 1 }],
    ] as const) {
      const answer = await machine.call("PATCH", path, body);
      assert.match(faultOf(answer) ?? "", /not found|No balloon device/, path);
    }
  });

  it("lets its balloon, limiters, metadata and metrics be changed", async () => {
    const disk = machines.image().initramfs;
    const machine = await bootCounter(
      ["PUT", "/balloon", { amount_mib: 0, deflate_on_oom: true, stats_polling_interval_s: 1 }],
      ["PUT", "/drives/d", { drive_id: "d", path_on_host: disk, is_root_device: false, is_read_only: true }],
      ["PUT", "/metrics", { metrics_path: "metrics" }],
    );
    await machine.configure(
      ["PATCH", "/balloon", { amount_mib: 16 }],
      ["PATCH", "/balloon/statistics", { stats_polling_interval_s: 5 }],
      ["PATCH", "/drives/d", { drive_id: "d", rate_limiter: { ops: { size: 10, refill_time: 100 } } }],
      ["PUT", "/mmds", { a: 1 }],
      ["PUT", "/actions", { action_type: "FlushMetrics" }],
    );
    const balloon = await machine.call("GET", "/balloon");
    assert.equal((balloon.body as { amount_mib: number }).amount_mib, 16);
    const metrics: unknown = JSON.parse(readFileSync(join(machine.folder, "metrics"), "utf8").trim());
    assert.ok(typeof metrics === "object" && metrics !== null && "utc_timestamp_ms" in metrics);
  });

  it("finds its drives in their order, the root device first", async () => {
    const machine = await machines.start();
    for (const name of ["root", "data"]) writeFileSync(join(machine.folder, name), Buffer.alloc(1024 * 1024));
    const { vmlinux, initramfs } = machines.image();
    const say =
      "/bin/busybox mount -t proc p /proc; /bin/busybox cat /proc/cmdline; exec /bin/busybox reboot -f";
    await machine.configure(
      ["PUT", "/drives/data", { drive_id: "data", path_on_host: "data", is_root_device: false }],
      [
        "PUT",
        "/drives/root",
        { drive_id: "root", path_on_host: "root", is_root_device: true, is_read_only: true },
      ],
      [
        "PUT",
        "/boot-source",
        { kernel_image_path: vmlinux, initrd_path: initramfs, boot_args: shellArguments(say) },
      ],
      ["PUT", "/actions", start],
    );
    await machine.waitForEnd();
    assert.match(machine.console(), /rdinit=\S+ root=\/dev\/vda ro .* -- sh -c/);
  });

  it("leaves nothing running when it is killed", async () => {
    const machine = await bootCounter();
    const children = machine.listChildren();
    await machine.kill();
    await waitUntil("its programs have ended", () => children.every((pid) => hasEnded(pid)));
  });
});

function firstCount(machine: FirecrackerProcess): number {
  return Number(/tick (\d+)\r?\n/.exec(machine.console())?.[1] ?? Number.NaN);
}
