import assert from "node:assert/strict";
import { microVmChanges, vmIdOf } from "../../provider/microVm/microVmContract";
import { microVmLifecycle } from "../../provider/microVm/microVmLifecycle";
import { unknownValue } from "../../provider/validation/unknownValue";

type Raw = Record<string, unknown>;

const connection = { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
const limiter = { bandwidth: { size: 1000, refillTime: 100 } };
const root = { driveId: "root", pathOnHost: "/images/root.ext4", isRootDevice: true };
const data = { driveId: "data", pathOnHost: "/images/data.ext4" };
const eth0 = { ifaceId: "eth0", hostDevName: "tap0" };
const restore = {
  snapshotPath: "/snapshots/s/state",
  memBackend: { type: "File", path: "/snapshots/s/memory" },
};

function vmInputs(overrides: Raw = {}): Raw {
  return {
    connection,
    stableKey: "organization/project/stack/MicroVm/vm-1",
    bootSource: { kernelImagePath: "/images/vmlinux" },
    drives: [root, data],
    networkInterfaces: [eth0],
    balloon: { amountMib: 16, statsPollingIntervalS: 1 },
    mmds: { data: { a: 1 } },
    ...overrides,
  };
}

function restoredInputs(overrides: Raw = {}): Raw {
  const { stableKey } = vmInputs();
  return { connection, stableKey, restore, ...overrides };
}

async function failuresOf(raw: Raw): Promise<string[]> {
  const answer = await microVmLifecycle.check({}, raw);
  return (answer.failures ?? []).map(({ property, reason }) => `${property}: ${reason}`);
}

async function stateWith(overrides: Raw = {}, raw = vmInputs()): Promise<Raw> {
  const answer = await microVmLifecycle.check({}, raw);
  assert.deepEqual(answer.failures, []);
  return { ...(answer.inputs as Raw), status: "running", vmId: "vm-1", ...overrides };
}

/** For each row of the diff table, and each part of a row, another value of that input. */
const otherValues: Record<string, { news: Raw; effect?: "replace" | "sync" }> = {
  "connection.host": { news: { connection: { ...connection, host: "other.example.com" } } },
  "connection.port": { news: { connection: { ...connection, port: 2222 } } },
  "connection.user": { news: { connection: { ...connection, user: "admin" } } },
  "connection.sudo": { news: { connection: { ...connection, sudo: true } } },
  connection: { news: { connection: { ...connection, dialErrorLimit: 3 } } },
  deleteUnreachable: { news: { deleteUnreachable: true } },
  takeOver: { news: { takeOver: true } },
  vmName: { news: { vmName: "other" } },
  state: { news: { state: "paused" } },
  machine: { news: { machine: { vcpuCount: 2 } } },
  cpuConfig: { news: { cpuConfig: { kvmCapabilities: ["!56"] } } },
  bootSource: { news: { bootSource: { kernelImagePath: "/images/other" } } },
  drives: { news: { drives: [root, { ...data, rateLimiter: limiter }] } },
  "drives, the file of one that is not the root": {
    news: { drives: [root, { ...data, pathOnHost: "/images/other.ext4" }] },
    effect: "sync",
  },
  "drives, the root's rate limiter": {
    news: { drives: [{ ...root, rateLimiter: limiter }, data] },
    effect: "sync",
  },
  "drives, the root's file": {
    news: { drives: [{ ...root, pathOnHost: "/images/other.ext4" }, data] },
    effect: "replace",
  },
  "drives, one more": {
    news: { drives: [root, data, { driveId: "more", pathOnHost: "/images/more.ext4" }] },
    effect: "replace",
  },
  "drives, their order": { news: { drives: [data, root] }, effect: "replace" },
  "drives, read-only": { news: { drives: [root, { ...data, isReadOnly: true }] }, effect: "replace" },
  networkInterfaces: { news: { networkInterfaces: [{ ...eth0, rxRateLimiter: limiter }] } },
  "networkInterfaces, the device": {
    news: { networkInterfaces: [{ ...eth0, hostDevName: "tap1" }] },
    effect: "replace",
  },
  vsock: { news: { vsock: { guestCid: 3 } } },
  entropy: { news: { entropy: {} } },
  balloon: { news: { balloon: { amountMib: 16, statsPollingIntervalS: 1, deflateOnOom: false } } },
  "balloon.amountMib": { news: { balloon: { amountMib: 8, statsPollingIntervalS: 1 } } },
  "balloon.statsPollingIntervalS": { news: { balloon: { amountMib: 16, statsPollingIntervalS: 5 } } },
  "balloon, its statistics off": { news: { balloon: { amountMib: 16 } }, effect: "replace" },
  mmds: { news: { mmds: { data: { a: 1 }, version: "V1" } } },
  "mmds.data": { news: { mmds: { data: { a: 2 } } } },
  logger: { news: { logger: { level: "Debug" } } },
  metrics: { news: { metrics: {} } },
  restore: { news: { restore: { ...restore, snapshotPath: "/snapshots/t/state" } } },
  "restore.resume": { news: { restore: { ...restore, resume: false }, state: "paused" } },
  netns: { news: { netns: "fc-2" } },
  firecrackerPath: { news: { firecrackerPath: "/opt/firecracker" } },
  jailerPath: { news: { jailerPath: "/opt/jailer" } },
  jailer: { news: { jailer: { uid: 1234 } } },
  waitForSerial: { news: { waitForSerial: { text: "login:" } } },
  serialLogBytes: { news: { serialLogBytes: 65536 } },
  shutdownTimeoutSeconds: { news: { shutdownTimeoutSeconds: 1 } },
};

describe("The diff of MicroVm", () => {
  for (const [name, { news, effect = microVmChanges[name] }] of Object.entries(otherValues)) {
    it(`takes another ${name} as: ${effect}`, async () => {
      const raw = name.startsWith("restore") ? restoredInputs() : vmInputs();
      const { inputs: checked } = (await microVmLifecycle.check({}, { ...raw, ...news })) as { inputs: Raw };
      const answer = await microVmLifecycle.diff("id", await stateWith({}, raw), checked);
      assert.equal(answer.changes, true);
      assert.deepEqual(answer.replaces, effect === "replace" ? [name.split(/[.,]/)[0]] : []);
      assert.equal(answer.deleteBeforeReplace, true);
    });
  }

  it("has a value to try for each of its rows", () => {
    assert.deepEqual(
      Object.keys(microVmChanges).filter((row) => otherValues[row] === undefined),
      [],
    );
  });

  it("sees no change in inputs that only leave out their defaults", async () => {
    const news = vmInputs({
      state: "running",
      serialLogBytes: 1024 ** 2,
      drives: [
        { ...root, isReadOnly: false },
        { ...data, isRootDevice: false },
      ],
    });
    assert.equal((await microVmLifecycle.diff("id", await stateWith(), news)).changes, false);
  });

  for (const [declared, drifted] of [
    ["running", ["paused", "unready", "stopped", "ended", "absent", "taken-over"]],
    ["paused", ["running", "unready", "stopped", "ended", "absent", "taken-over"]],
    ["stopped", ["running", "paused", "unready", "absent", "taken-over"]],
    ["on-demand", ["absent", "taken-over"]],
  ] as const) {
    it(`wants an update of a VM declared as ${declared} that is ${drifted.join(", ")}, and of no other`, async () => {
      const raw = vmInputs({ state: declared });
      const statuses = ["running", "paused", "unready", "stopped", "ended", "absent", "taken-over"];
      for (const status of statuses) {
        const answer = await microVmLifecycle.diff("id", await stateWith({ status }, raw), raw);
        assert.deepEqual([status, answer.changes], [status, (drifted as readonly string[]).includes(status)]);
        assert.deepEqual(answer.replaces, []);
      }
    });
  }
});

describe("The check of MicroVm", () => {
  it("fills in the defaults", async () => {
    const inputs = await stateWith({}, vmInputs({ jailer: {}, machine: {} }));
    assert.deepEqual(inputs.machine, {
      vcpuCount: 1,
      memSizeMib: 512,
      smt: false,
      trackDirtyPages: false,
      hugePages: "None",
    });
    assert.equal((inputs.bootSource as Raw).bootArgs, "console=ttyS0 reboot=k panic=1");
    assert.deepEqual(inputs.jailer, { uid: 60_700, gid: 60_700, newPidNs: false });
    assert.equal((inputs.mmds as Raw).version, "V2");
    assert.equal(inputs.shutdownTimeoutSeconds, 5);
  });

  it("passes what it has passed before", async () => {
    const inputs = await stateWith();
    assert.deepEqual(await failuresOf(inputs), []);
    const restored = await stateWith({}, restoredInputs({ mmds: { data: {} } }));
    assert.deepEqual(await failuresOf(restored), []);
  });

  it("names all that is wrong at once", async () => {
    const failures = await failuresOf({
      connection,
      stableKey: "k",
      vmName: "no_underscores",
      machine: { vcpuCount: 3, smt: true, memSizeMib: 511, hugePages: "2M", cores: 1 },
      drives: [root, { ...root, pathOnHost: "relative" }, { ...data, partuuid: "12-34" }],
      networkInterfaces: [eth0, { ifaceId: "eth 1", hostDevName: "tap0" }],
      balloon: { amountMib: 1024 },
      mmds: { networkInterfaces: ["eth9"], ipv4Address: "10.0.0.1" },
      jailer: { uid: 0 },
      waitForSerial: { text: "" },
      serialLogBytes: 1,
    });
    const properties = failures.map((failure) => failure.split(":")[0]).sort();
    assert.deepEqual(properties, [
      "balloon.amountMib",
      "bootSource",
      "drives.1.driveId",
      "drives.1.isRootDevice",
      "drives.1.pathOnHost",
      "drives.2.partuuid",
      "jailer.uid",
      "machine",
      "machine.memSizeMib",
      "machine.vcpuCount",
      "mmds.ipv4Address",
      "mmds.networkInterfaces.0",
      "networkInterfaces.1.hostDevName",
      "networkInterfaces.1.ifaceId",
      "serialLogBytes",
      "vmName",
      "waitForSerial.text",
    ]);
    assert.ok(failures.every((failure) => failure.includes("Expected `") || failure.includes("Expected ")));
  });

  it("takes a snapshot or a boot, and nothing beside a snapshot that it brings along", async () => {
    assert.deepEqual(await failuresOf(restoredInputs()), []);
    const failures = await failuresOf({ ...vmInputs(), restore, mmds: { data: {}, version: "V1" } });
    assert.deepEqual(failures.map((failure) => failure.split(":")[0]).sort(), [
      "balloon",
      "bootSource",
      "drives",
      "mmds.version",
      "networkInterfaces",
    ]);
    assert.match(failures.join("\n"), /Expected no `drives` with `restore`: the snapshot has its own/);
    assert.match(
      (await failuresOf(restoredInputs({ restore: { ...restore, resume: false } }))).join("\n"),
      /`restore\.resume` to be true with `state: "running"`/,
    );
  });

  it("shows nothing of what MMDS is to hold", async () => {
    const failures = await failuresOf(vmInputs({ mmds: { data: "sk-ant-secret" } }));
    assert.match(failures.join("\n"), /`mmds\.data` to be a JSON object, got a string \(not shown: secret\)/);
    assert.doesNotMatch(failures.join("\n"), /sk-ant-secret/);
    const large = await failuresOf(vmInputs({ mmds: { data: { text: "x".repeat(60_000) } } }));
    assert.match(large.join("\n"), /at most 51200 bytes as JSON, got 6\d{4} bytes/);
  });

  it("waits with what depends on a value that is not known yet", async () => {
    const failures = await failuresOf(
      vmInputs({
        bootSource: unknownValue,
        machine: { vcpuCount: unknownValue, smt: true, memSizeMib: unknownValue },
        drives: [
          { ...root, pathOnHost: unknownValue },
          { ...data, driveId: unknownValue },
        ],
        networkInterfaces: unknownValue,
        netns: unknownValue,
        jailer: unknownValue,
      }),
    );
    assert.deepEqual(failures, []);
  });
});

describe("The name of a microVM on its host", () => {
  it("is short, and the same for the same resource", () => {
    const id = vmIdOf({ stableKey: "organization/project/stack/MicroVm/vm-1" });
    assert.match(id, /^vm-[0-9a-f]{12}$/);
    assert.equal(id, vmIdOf({ stableKey: "organization/project/stack/MicroVm/vm-1" }));
    assert.equal(vmIdOf({ stableKey: "k", vmName: "mine" }), "mine");
  });
});
