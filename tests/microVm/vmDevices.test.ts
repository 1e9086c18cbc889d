import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FullVmConfiguration } from "../../provider/firecrackerApi/apiAnswers";
import { withFirecracker } from "../../provider/firecrackerApi/withFirecracker";
import { catchError } from "../support/catchError";
import type { TestedVm } from "./testedVm";
import { VmHost } from "./vmHost";

const limiter = { bandwidth: { size: 1_000_000, refillTime: 100 }, ops: { size: 1000, refillTime: 100 } };
const asSeen = { bandwidth: { size: 1_000_000, refill_time: 100 }, ops: { size: 1000, refill_time: 100 } };

describe("The devices of a MicroVm", function () {
  this.timeout(240_000);
  let host: VmHost;

  before(async function () {
    host = await VmHost.open(this);
  });
  afterEach(() => host.removeVms());
  after(() => (host as VmHost | undefined)?.close());

  function makeImage(name: string, text = name): string {
    const path = join(host.folder.path, name);
    writeFileSync(path, Buffer.alloc(1024 ** 2, text));
    return path;
  }

  /** A VM that is not waited for: what the API says is enough. */
  function create(devices: Record<string, unknown>): Promise<TestedVm> {
    return host.create({ waitForSerial: undefined, ...devices });
  }

  function readConfig(vm: TestedVm): Promise<FullVmConfiguration & Record<string, unknown>> {
    return host.withHost((on) =>
      withFirecracker(on, vm.outputs.apiSocket ?? "", { timeoutMs: 10_000 }, (api) => api.getVmConfig()),
    );
  }

  it("are all told to Firecracker as they were declared", async () => {
    const vm = await create({
      machine: { vcpuCount: 2, memSizeMib: 192, smt: true, trackDirtyPages: true },
      drives: [
        { driveId: "data", pathOnHost: makeImage("data.img"), cacheType: "Writeback", rateLimiter: limiter },
        { driveId: "root", pathOnHost: makeImage("root.img"), isRootDevice: true, isReadOnly: true },
      ],
      networkInterfaces: [
        {
          ifaceId: "eth0",
          hostDevName: host.namespace.tapDevice,
          guestMac: "06:fc:00:00:00:02",
          rxRateLimiter: limiter,
        },
      ],
      vsock: { guestCid: 42 },
      entropy: { rateLimiter: { bandwidth: limiter.bandwidth } },
      balloon: { amountMib: 16, statsPollingIntervalS: 1 },
      mmds: { data: { token: "of the guest" } },
      logger: { level: "Info", logPath: "firecracker.log" },
      metrics: {},
    });
    const config = await readConfig(vm);
    const machine = config["machine-config"];
    assert.deepEqual([machine?.vcpu_count, machine?.mem_size_mib, machine?.smt], [2, 192, true]);
    // The root device comes first, wherever it was declared.
    const dataDrive = config.drives.find(({ drive_id: id }) => id === "data");
    assert.equal(dataDrive?.path_on_host, "drives/data");
    assert.deepEqual(dataDrive.rate_limiter, asSeen);
    const root = config.drives.find(({ drive_id: id }) => id === "root");
    assert.deepEqual([root?.is_root_device, root?.is_read_only], [true, true]);
    assert.equal(config["network-interfaces"][0]?.host_dev_name, host.namespace.tapDevice);
    assert.deepEqual([config.vsock?.guest_cid, config.vsock?.uds_path], [42, "v.sock"]);
    assert.ok(config.entropy !== undefined && config.balloon !== undefined);
    const data: unknown = await host.withHost((on) =>
      withFirecracker(on, vm.outputs.apiSocket ?? "", { timeoutMs: 10_000 }, (api) => api.getMmds()),
    );
    assert.deepEqual(data, { token: "of the guest" });
    const log = readFileSync(join(vm.folder, "output", "firecracker.log"), "utf8");
    assert.match(log, /InstanceStart|boot-source/);
    assert.ok(existsSync(join(vm.folder, "output", "metrics.json")));
    assert.doesNotMatch(
      log + vm.readSerial() + readFileSync(join(vm.folder, "record.json"), "utf8"),
      /of the guest/,
    );
  });

  it("change in the VM that runs where the API can", async () => {
    const eth0 = { ifaceId: "eth0", hostDevName: host.namespace.tapDevice };
    const data = { driveId: "data", pathOnHost: makeImage("first.img") };
    const vm = await create({
      drives: [{ ...data, rateLimiter: limiter }],
      networkInterfaces: [eth0],
      balloon: { amountMib: 0 },
      mmds: { data: { a: 1 } },
    });
    const { pid } = vm.outputs;
    const changes = {
      drives: [{ ...data, rateLimiter: { ops: { size: 5, refillTime: 7 } } }],
      networkInterfaces: [{ ...eth0, txRateLimiter: limiter }],
      balloon: { amountMib: 8 },
      mmds: { data: { b: 2 } },
    };
    assert.deepEqual(await vm.diff(changes), { changes: true, replaces: [] });
    assert.equal((await vm.update(changes)).pid, pid);
    const config = await readConfig(vm);
    const { bandwidth, ops } = config.drives[0]?.rate_limiter as Record<string, { size: number } | undefined>;
    // A bucket without size is no limit.
    assert.equal(bandwidth?.size ?? 0, 0);
    assert.deepEqual(ops, { size: 5, refill_time: 7 });
    assert.deepEqual(config["network-interfaces"][0]?.tx_rate_limiter, asSeen);
    assert.equal((config.balloon as { amount_mib: number }).amount_mib, 8);
    const held: unknown = await host.withHost((on) =>
      withFirecracker(on, vm.outputs.apiSocket ?? "", { timeoutMs: 10_000 }, (api) => api.getMmds()),
    );
    assert.deepEqual(held, { b: 2 });
    assert.deepEqual(await vm.diff(), { changes: false, replaces: [] });
  });

  it("get another file behind a drive that is not the root", async () => {
    const data = { driveId: "data", pathOnHost: makeImage("old.img") };
    const vm = await create({ drives: [data] });
    const other = { ...data, pathOnHost: makeImage("new.img") };
    assert.deepEqual(await vm.diff({ drives: [other] }), { changes: true, replaces: [] });
    const { workingRoot = "" } = await vm.update({ drives: [other] });
    assert.match(readFileSync(join(workingRoot, "drives", "data"), "latin1"), /^new\.img/);
    assert.deepEqual(await vm.diff({ drives: [{ ...other, isReadOnly: true }] }), {
      changes: true,
      replaces: ["drives"],
    });
  });

  it("keep what the guest has written while the VM is stopped, and leave the host's file as it is", async () => {
    const path = makeImage("kept.img");
    const vm = await create({
      drives: [
        { driveId: "data", pathOnHost: path },
        { driveId: "fixed", pathOnHost: makeImage("fixed.img"), isReadOnly: true },
      ],
    });
    const inRoot = (name: string): string => join(vm.outputs.workingRoot ?? "", "drives", name);
    assert.equal(statSync(inRoot("fixed")).ino, statSync(join(host.folder.path, "fixed.img")).ino);
    // As the guest would.
    writeFileSync(inRoot("data"), "written", { flag: "r+" });
    await vm.update({ state: "stopped" });
    await vm.update({ state: "running" });
    assert.match(readFileSync(inRoot("data"), "latin1"), /^written/);
    assert.match(readFileSync(path, "latin1"), /^kept\.img/);
    await vm.remove();
    assert.ok(existsSync(path) && !existsSync(vm.folder));
  });

  it("are named when their file is missing", async () => {
    const vm = await host.declare({
      drives: [
        { driveId: "a", pathOnHost: makeImage("there.img") },
        { driveId: "b", pathOnHost: "/nowhere/b.img" },
      ],
    });
    assert.match((await catchError(vm.create())).message, /\/nowhere\/b\.img \(`drives\[1\]\.pathOnHost`\)/);
  });
});
