import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { snapshotChanges, snapshotNameOf } from "../../provider/snapshot/snapshotContract";
import { snapshotLifecycle } from "../../provider/snapshot/snapshotLifecycle";
import { unknownValue } from "../../provider/validation/unknownValue";
import { catchError } from "../support/catchError";
import { stateRoot } from "../support/namespace";
import { waitUntil } from "../support/waitUntil";
import { findSessions } from "./findSessions";
import { SnapshotBench, type StartedVm, waitUntilItCountsOn } from "./snapshotBench";

const connection = {
  host: "fc.example.com",
  hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};
const microVm = { stableKey: "organization/project/stack/MicroVm/vm", instanceId: "fc-vm" };

function snapshotInputs(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return { connection, microVm, stableKey: "organization/project/stack/Snapshot/warm", ...overrides };
}

async function stateWith(overrides: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const checked: { inputs?: unknown } = await snapshotLifecycle.check({}, snapshotInputs());
  return { ...(checked.inputs as object), status: "present", ...overrides };
}

/** For each row of the diff table another value of that input. */
const otherValues: Record<string, Record<string, unknown>> = {
  "connection.host": { connection: { ...connection, host: "other.example.com" } },
  "connection.port": { connection: { ...connection, port: 2222 } },
  "connection.user": { connection: { ...connection, user: "admin" } },
  "connection.sudo": { connection: { ...connection, sudo: true } },
  connection: { connection: { ...connection, dialErrorLimit: 3 } },
  deleteUnreachable: { deleteUnreachable: true },
  takeOver: { takeOver: true },
  "microVm.stableKey": { microVm: { ...microVm, stableKey: "organization/project/stack/MicroVm/other" } },
  "microVm.instanceId": { microVm: { ...microVm, instanceId: "fc-other" } },
  "microVm.vmName": { microVm: { ...microVm, vmName: "other" } },
  microVm: { microVm: { ...microVm, state: "paused" } },
  snapshotType: { snapshotType: "Diff" },
  afterwards: { afterwards: "stop" },
  triggers: { triggers: ["2"] },
};

/** A state as Pulumi hands it around. */
type State = Record<string, unknown>;

async function failuresOf(inputs: Record<string, unknown>): Promise<{ property: string; reason: string }[]> {
  return (await snapshotLifecycle.check({}, inputs)).failures ?? [];
}

async function create(inputs: State): Promise<{ id: string; outs: State }> {
  const { id, outs } = (await snapshotLifecycle.create(inputs)) as { id: string; outs: State };
  return { id, outs };
}

async function read(id: string, props: State): Promise<State> {
  return ((await snapshotLifecycle.read(id, props)) as { props: State }).props;
}

async function update(id: string, olds: State, news: State): Promise<State> {
  return ((await snapshotLifecycle.update(id, olds, news)) as { outs: State }).outs;
}

describe("the diff of Snapshot", () => {
  for (const [property, effect] of Object.entries(snapshotChanges)) {
    it(`takes another ${property} as: ${effect}`, async () => {
      const news = snapshotInputs(otherValues[property]);
      const { changes, replaces } = await snapshotLifecycle.diff("id", await stateWith(), news);
      assert.equal(changes, true);
      assert.deepEqual(replaces, effect === "replace" ? [property.split(".")[0]] : []);
    });
  }

  it("sees no change in inputs that only leave out their defaults", async () => {
    const news = snapshotInputs({ snapshotType: "Full", afterwards: "resume", triggers: [] });
    assert.equal((await snapshotLifecycle.diff("id", await stateWith(), news)).changes, false);
  });

  for (const status of ["absent", "damaged"]) {
    it(`wants an update of a snapshot that is ${status}`, async () => {
      const state = await stateWith({ status });
      const { changes, replaces } = await snapshotLifecycle.diff("id", state, snapshotInputs());
      assert.deepEqual([changes, replaces], [true, []]);
    });
  }

  it("takes a microVM that is not known yet as another one", async () => {
    const news = snapshotInputs({ microVm: { ...microVm, instanceId: unknownValue } });
    const { replaces } = await snapshotLifecycle.diff("id", await stateWith(), news);
    assert.deepEqual(replaces, ["microVm"]);
  });
});

describe("the check of Snapshot", () => {
  it("names all that is wrong at once", async () => {
    const failures = await failuresOf(
      snapshotInputs({
        microVm: { ...microVm, state: "stopped" },
        snapshotType: "Half",
        afterwards: "delete",
        triggers: "now",
      }),
    );
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "afterwards",
      "microVm.state",
      "snapshotType",
      "triggers",
    ]);
    const reasons = failures.map(({ reason }) => reason).join("\n");
    assert.match(reasons, /Expected `snapshotType` to be one of Full, Diff, got `Half` \(string\)/);
  });

  it("wants a microVM that keeps track of its memory for a Diff", async () => {
    const countFailures = async (trackDirtyPages: unknown) =>
      (await failuresOf(snapshotInputs({ snapshotType: "Diff", microVm: { ...microVm, trackDirtyPages } })))
        .length;
    assert.deepEqual(
      [
        await countFailures(false),
        await countFailures(undefined),
        await countFailures(true),
        await countFailures(unknownValue),
      ],
      [1, 1, 0, 0],
    );
  });
});

describe("the life of a Snapshot", function () {
  this.timeout(180_000);
  let bench: SnapshotBench;
  let vm: StartedVm;
  before(async function () {
    bench = await SnapshotBench.open(this);
    vm = await bench.start();
  });
  after(() => bench.close());

  async function inputsFor(
    name: string,
    overrides: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> {
    const raw = snapshotInputs({
      connection: bench.vmHost.sshd.connection(),
      microVm: { stableKey: vm.inputs.stableKey, instanceId: vm.instanceId },
      stableKey: `organization/tests-${process.pid}/stack/Snapshot/${name}`,
      ...overrides,
    });
    const { inputs, failures } = (await snapshotLifecycle.check({}, raw)) as {
      inputs: State;
      failures: unknown[];
    };
    assert.deepEqual(failures, []);
    return inputs;
  }

  it("takes it, sees that it is there, takes it again when it is damaged or gone, and removes it", async () => {
    const inputs = await inputsFor("whole-life");
    const { id, outs } = await create(inputs);
    try {
      assert.equal(outs.status, "present");
      const folder = join(stateRoot, "snapshots", snapshotNameOf({ stableKey: String(inputs.stableKey) }));
      assert.equal(outs.folder, folder);
      assert.deepEqual(await read(id, outs), outs);
      assert.equal((await snapshotLifecycle.diff(id, outs, inputs)).changes, false);
      // A change that is only recorded leaves the snapshot as it is.
      const recorded = await update(id, outs, { ...inputs, afterwards: "stop" });
      assert.equal(recorded.createdAt, outs.createdAt);

      for (const [path, status] of [
        [join(folder, "memory"), "damaged"],
        [folder, "absent"],
      ] as const) {
        rmSync(path, { recursive: true });
        const seen = await read(id, outs);
        assert.equal(seen.status, status);
        assert.equal((await snapshotLifecycle.diff(id, seen, inputs)).changes, true);
        assert.equal((await update(id, seen, inputs)).status, "present");
        assert.ok(existsSync(join(folder, "memory")));
      }
    } finally {
      await snapshotLifecycle.delete(id, outs);
    }
    assert.equal(existsSync(outs.folder), false);
    await snapshotLifecycle.delete(id, outs);
    await waitUntilItCountsOn(vm);
  });

  it("leaves what another creation has made in its place", async () => {
    const inputs = await inputsFor("made-twice");
    const [first, second] = [await create(inputs), await create(inputs)];
    await snapshotLifecycle.delete(first.id, first.outs);
    assert.equal((await read(second.id, second.outs)).status, "present");
    assert.equal((await read(first.id, first.outs)).status, "absent");
    await snapshotLifecycle.delete(second.id, second.outs);
  });

  it("finds the snapshot that was taken while its connection was lost", async () => {
    const inputs = await inputsFor("lost");
    const creating = catchError(snapshotLifecycle.create(inputs));
    const folder = join(stateRoot, "snapshots", snapshotNameOf({ stableKey: String(inputs.stableKey) }));
    await waitUntil("the snapshot is being taken", () => existsSync(join(folder, "record.json")));
    // The server's side of each connection, and nothing that was started through it: as a network that is gone.
    for (const pid of findSessions(bench.vmHost.sshd).sessions) process.kill(pid, "SIGKILL");
    const { id, properties } = (await creating) as Error & { id: string; properties: State };
    assert.equal(properties.status, "absent");
    await waitUntil("the host has done its work", () => existsSync(join(folder, "manifest.json")));
    const outs = await update(id, properties, inputs);
    assert.equal(outs.status, "present");
    await waitUntilItCountsOn(vm);
    await snapshotLifecycle.delete(id, outs);
  });

  it("fails to be created without a microVM, and leaves nothing", async () => {
    const inputs = await inputsFor("no-vm", { microVm: { ...microVm, stableKey: `gone-${process.pid}` } });
    const error = await catchError(snapshotLifecycle.create(inputs));
    assert.match(error.message, /there is no microVM vm-\w+ of this stack there/);
    assert.equal("id" in error, false);
    const name = snapshotNameOf({ stableKey: String(inputs.stableKey) });
    assert.equal(existsSync(join(stateRoot, "snapshots", name)), false);
  });
});
