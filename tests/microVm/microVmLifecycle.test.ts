import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newInstanceId } from "../../provider/hostResource/createHostLifecycle";
import { catchError } from "../support/catchError";
import { waitUntil } from "../support/waitUntil";
import { isAlive, type TestedVm } from "./testedVm";
import { greeting, VmHost } from "./vmHost";

function readProcess(vm: TestedVm): Record<string, unknown> {
  return JSON.parse(readFileSync(join(vm.folder, "vm.pid"), "utf8")) as Record<string, unknown>;
}

describe("A MicroVm on a host", function () {
  this.timeout(240_000);
  let host: VmHost;

  before(async function () {
    host = await VmHost.open(this);
  });
  afterEach(() => host.removeVms());
  after(() => (host as VmHost | undefined)?.close());

  it("boots, prints what was waited for, and leaves nothing when it is removed", async () => {
    const vm = await host.create();
    const { status, pid, apiSocket = "", workingRoot = "", vmId, vmmVersion, startedAt = "" } = vm.outputs;
    assert.equal(status, "running");
    assert.match(vmId, /^vm-[0-9a-f]{12}$/);
    assert.match(vmmVersion ?? "", /^\d+\.\d+/);
    assert.ok(Math.abs(Date.parse(startedAt) - Date.now()) < 120_000);
    assert.ok(isAlive(pid) && existsSync(apiSocket) && existsSync(join(workingRoot, "kernel")));
    assert.match(vm.readSerial(), new RegExp(greeting));
    assert.deepEqual(await vm.diff(), { changes: false, replaces: [] });
    const keeper = JSON.parse(readFileSync(join(vm.folder, "keeper.pid"), "utf8")) as { pid: number };
    await vm.remove();
    assert.ok(!isAlive(pid) && !isAlive(keeper.pid) && !existsSync(vm.folder));
    await vm.remove();
  });

  it("runs in the namespace that it was given", async () => {
    const vm = await host.create({ netns: host.namespace.guestName, waitForSerial: undefined });
    const inside = await host.namespace.listProcesses();
    assert.ok(!inside.includes(vm.outputs.pid ?? 0));
    const { stdout } = await host.withHost((on) =>
      on.exec(["ip", "netns", "pids", host.namespace.guestName], { timeoutMs: 10_000 }),
    );
    assert.ok(stdout.toString().split("\n").includes(String(vm.outputs.pid)));
  });

  it("is paused, goes on, is stopped and boots anew, all as updates", async () => {
    const vm = await host.create();
    const { pid } = vm.outputs;
    assert.deepEqual(await vm.diff({ state: "paused" }), { changes: true, replaces: [] });
    assert.deepEqual((await vm.update({ state: "paused" })).status, "paused");
    assert.equal((await vm.read()).status, "paused");
    const resumed = await vm.update({ state: "running" });
    assert.deepEqual([resumed.status, resumed.pid], ["running", pid]);
    const stopped = await vm.update({ state: "stopped" });
    assert.deepEqual([stopped.status, stopped.pid, isAlive(pid)], ["stopped", undefined, false]);
    assert.ok(!existsSync(join(vm.folder, "root")));
    assert.deepEqual(await vm.diff(), { changes: false, replaces: [] });
    const again = await vm.update({ state: "running" });
    assert.equal(again.status, "running");
    assert.notEqual(again.pid, pid);
  });

  it("boots into a pause", async () => {
    const vm = await host.create({ state: "paused" });
    assert.equal((await vm.read()).status, "paused");
  });

  it("tells what is missing by its input, and leaves nothing", async () => {
    const source = host.bootSource();
    const vm = await host.declare({ bootSource: { ...source, kernelImagePath: "/nowhere/vmlinux" } });
    const error = await catchError(vm.create());
    assert.match(
      error.message,
      /^Could not start the microVM on root@127\.0\.0\.1:\d+: \/nowhere\/vmlinux \(`bootSource\.kernelImagePath`\) cannot be used: no such file or directory\./,
    );
    const other = await host.declare({ firecrackerPath: "/nowhere/firecracker" });
    assert.match(
      (await catchError(other.create())).message,
      /no program \/nowhere\/firecracker \(`firecrackerPath`\)/,
    );
    const third = await host.declare({ netns: "no-such-netns" });
    assert.match((await catchError(third.create())).message, /there is no network namespace no-such-netns/);
  });

  it("hands on why Firecracker refused, with the call, and leaves nothing", async () => {
    const vm = await host.declare({
      vmName: `fault-${process.pid}`,
      bootSource: { ...host.bootSource(), kernelImagePath: join(host.folder.path, "no-kernel") },
    });
    writeFileSync(join(host.folder.path, "no-kernel"), "this is none");
    const error = await catchError(vm.create());
    assert.match(error.message, /Firecracker.*refused `PUT \/actions`.*[Kk]ernel/s);
    assert.ok(!existsSync(`/var/lib/fc-agents/vms/fault-${process.pid}`));
  });

  it("is not started without its TAP device, or with what is none", async () => {
    const networkInterfaces = [{ ifaceId: "eth0", hostDevName: "no-such-tap" }];
    const vm = await host.declare({ networkInterfaces, netns: host.namespace.name });
    assert.match(
      (await catchError(vm.create())).message,
      new RegExp(`no TAP device no-such-tap in the network namespace ${host.namespace.name}\\..*HostNetwork`),
    );
    const other = await host.declare({ networkInterfaces: [{ ifaceId: "eth0", hostDevName: "lo" }] });
    assert.match((await catchError(other.create())).message, /lo in the host's own .* is not a TAP device/);
  });

  it("shows the last lines of the console when the text does not come, and leaves nothing", async () => {
    const vm = await host.declare({
      vmName: `wait-${process.pid}`,
      waitForSerial: { text: "never printed", timeoutSeconds: 5 },
    });
    const error = await catchError(vm.create());
    assert.match(error.message, /has not printed 'never printed' within 5 s/);
    assert.match(error.message, /waitForSerial\.timeoutSeconds/);
    assert.match(error.message, new RegExp(`Last lines of the log:[^]*${greeting}`));
    assert.ok(!existsSync(`/var/lib/fc-agents/vms/wait-${process.pid}`));
  });

  it("says how a guest ended that is waited for", async () => {
    const vm = await host.declare({
      bootSource: host.bootSource("echo last words; echo b > /proc/sysrq-trigger; reboot -f"),
      waitForSerial: { text: "never printed", timeoutSeconds: 100 },
    });
    const error = await catchError(vm.create());
    assert.match(error.message, /the microVM has ended \(exit code 0\)/);
    assert.match(error.message, /last words/);
  });

  it("is seen when it was killed, and is started again by an update", async () => {
    const vm = await host.create();
    const { pid = 0 } = vm.outputs;
    process.kill(pid, "SIGKILL");
    await waitUntil("the keeper has written down the end", () => existsSync(join(vm.folder, "exit.json")));
    const seen = await vm.read();
    assert.deepEqual([seen.status, seen.exitSignal, seen.pid], ["ended", "SIGKILL", undefined]);
    assert.deepEqual(await vm.diff(), { changes: true, replaces: [] });
    const mended = await vm.update();
    assert.equal(mended.status, "running");
    assert.ok(isAlive(mended.pid));
  });

  it("never signals a process that has its pid by now", async () => {
    const vm = await host.create();
    const { pid } = vm.outputs;
    const found = readProcess(vm);
    // What stands in the file is a process with this test's pid, but another start time.
    writeFileSync(join(vm.folder, "vm.pid"), JSON.stringify({ ...found, pid: process.pid }));
    assert.equal((await vm.read()).status, "ended");
    writeFileSync(join(vm.folder, "vm.pid"), JSON.stringify(found));
    await vm.remove();
    assert.ok(!isAlive(pid) && isAlive(process.pid));
  });

  it("is gone after a reboot of the host: nothing is signalled, and it is removed or started again", async () => {
    const vm = await host.create();
    const { pid = 0 } = vm.outputs;
    const ofThisBoot = readProcess(vm);
    const ofAnother = { ...ofThisBoot, bootId: "11111111-2222-3333-4444-555555555555" };
    for (const name of ["vm.pid", "keeper.pid"])
      writeFileSync(join(vm.folder, name), JSON.stringify(ofAnother));
    try {
      assert.equal((await vm.read()).status, "ended");
      await vm.remove();
      assert.ok(!existsSync(vm.folder) && isAlive(pid));
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });

  it("is removed after a creation of which only the claim was made", async () => {
    const vm = await host.create({ state: "stopped", waitForSerial: undefined });
    assert.equal(vm.outputs.status, "stopped");
    // As if the operation had been cut off between its record and Firecracker.
    const record = JSON.parse(readFileSync(join(vm.folder, "record.json"), "utf8")) as object;
    const root = join(vm.folder, "root");
    writeFileSync(
      join(vm.folder, "record.json"),
      JSON.stringify({ ...record, phase: "started", root, jail: root, cgroup: null }),
    );
    assert.equal((await vm.read()).status, "ended");
    await vm.remove();
    assert.ok(!existsSync(vm.folder));
  });

  it("is taken up again by an update after a creation whose answer never came", async () => {
    const vm = await host.declare();
    vm.adopt(newInstanceId());
    assert.deepEqual((await vm.diff()).changes, true);
    assert.equal((await vm.update()).status, "running");
  });

  it("is not touched by another stack, unless that takes it over", async () => {
    const vmName = `own-${process.pid}`;
    const vm = await host.create({ vmName });
    const foreign = await host.declare({ vmName });
    const error = await catchError(foreign.create());
    assert.match(
      error.message,
      /the microVM own-\d+ there belongs to organization\/tests-.*`takeOver: true`/,
    );
    assert.equal((await vm.read()).status, "running");
    foreign.adopt(newInstanceId(), { ...host.inputs(), vmName, vmId: vmName });
    await foreign.remove();
    assert.ok(isAlive(vm.outputs.pid));
    const heir = await host.create({ vmName, takeOver: true });
    assert.ok(isAlive(heir.outputs.pid) && !isAlive(vm.outputs.pid));
    assert.equal((await vm.read()).status, "taken-over");
    await vm.remove();
    assert.ok(isAlive(heir.outputs.pid));
  });

  it("leaves a VM on demand to whoever uses it", async () => {
    const vm = await host.create({ state: "on-demand" });
    assert.equal(vm.outputs.status, "stopped");
    assert.deepEqual(await vm.diff(), { changes: false, replaces: [] });
    rmSync(vm.folder, { recursive: true });
    assert.equal((await vm.read()).status, "absent");
    assert.deepEqual(await vm.diff(), { changes: true, replaces: [] });
    assert.equal((await vm.update()).status, "stopped");
  });
});
