import assert from "node:assert/strict";
import { fcTaskServerChanges } from "../../provider/fcTaskServer/fcTaskServerContract";
import { fcTaskServerLifecycle } from "../../provider/fcTaskServer/fcTaskServerLifecycle";
import { unknownValue } from "../../provider/validation/unknownValue";
import { serverInputs } from "./fcTaskServerInputs";

const connection = serverInputs().connection as Record<string, unknown>;

async function stateWith(overrides: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const checked: { inputs?: unknown } = await fcTaskServerLifecycle.check({}, serverInputs());
  return {
    ...(checked.inputs as object),
    url: "http://172.16.0.1:8080",
    status: "running",
    pid: 1,
    ...overrides,
  };
}

/** For each row of the diff table another value of that input. */
const otherValues: Record<string, Record<string, unknown>> = {
  "connection.host": { connection: { ...connection, host: "other.example.com" } },
  "connection.port": { connection: { ...connection, port: 2222 } },
  "connection.user": { connection: { ...connection, user: "admin" } },
  "connection.sudo": { connection: { ...connection, sudo: true } },
  connection: { connection: { ...connection, dialErrorLimit: 3 } },
  tapIp: { tapIp: "172.16.1.1" },
  tapPort: { tapPort: 8081 },
  netns: { netns: "fc-2" },
  oauthToken: { oauthToken: "sk-ant-oat01-other" },
  task: { task: { prompt: "Another" } },
  running: { running: false },
  maxResultBytes: { maxResultBytes: 1 },
  resultRetentionHours: { resultRetentionHours: 1 },
  deleteUnreachable: { deleteUnreachable: true },
  takeOver: { takeOver: true },
};

describe("the diff of FcTaskServer", () => {
  for (const [property, effect] of Object.entries(fcTaskServerChanges)) {
    it(`takes another ${property} as: ${effect}`, async () => {
      const news = serverInputs(otherValues[property]);
      const { changes, replaces, deleteBeforeReplace } = await fcTaskServerLifecycle.diff(
        "id",
        await stateWith(),
        news,
      );
      assert.equal(changes, true);
      assert.deepEqual(replaces, effect === "replace" ? [property.split(".")[0]] : []);
      assert.equal(deleteBeforeReplace, true);
    });
  }

  it("sees no change in inputs that only leave out their defaults", async () => {
    const news = serverInputs({
      tapPort: 8080,
      running: true,
      connection: { ...connection, port: 22, user: "root" },
    });
    const { changes } = await fcTaskServerLifecycle.diff("id", await stateWith(), news);
    assert.equal(changes, false);
  });

  for (const status of ["stopped", "absent", "deaf", "taken-over"]) {
    it(`wants an update of a server that is ${status}`, async () => {
      const { changes, replaces } = await fcTaskServerLifecycle.diff(
        "id",
        await stateWith({ status }),
        serverInputs(),
      );
      assert.equal(changes, true);
      assert.deepEqual(replaces, []);
    });
  }

  it("sees no change in a stopped server that is not to run", async () => {
    const state = await stateWith({ status: "stopped", running: false });
    assert.equal(
      (await fcTaskServerLifecycle.diff("id", state, serverInputs({ running: false }))).changes,
      false,
    );
  });

  for (const [status, changes] of [
    ["running", false],
    ["stopped", false],
    ["absent", false],
    ["taken-over", true],
  ] as const) {
    it(`sees ${changes ? "a" : "no"} change in a server on demand that is ${status}`, async () => {
      const state = await stateWith({ status, running: "on-demand" });
      const news = serverInputs({ running: "on-demand" });
      assert.equal((await fcTaskServerLifecycle.diff("id", state, news)).changes, changes);
    });
  }

  it("takes an unknown input as a change", async () => {
    const { changes } = await fcTaskServerLifecycle.diff(
      "id",
      await stateWith(),
      serverInputs({ oauthToken: unknownValue }),
    );
    assert.equal(changes, true);
  });

  it("reads state that an older package wrote without options that are new", async () => {
    const state = await stateWith();
    delete state.takeOver;
    delete state.resultRetentionHours;
    assert.equal((await fcTaskServerLifecycle.diff("id", state, serverInputs())).changes, false);
  });
});

describe("the update of FcTaskServer", () => {
  it("contacts no host when only keys or limits of the connection change", async () => {
    const state = await stateWith({ taskId: "t1" });
    // Nobody answers at fc.example.com: an attempt to connect would fail.
    const news = serverInputs({ connection: { ...connection, dialErrorLimit: 1, perDialTimeout: 1 } });
    const updated: { outs?: unknown } = await fcTaskServerLifecycle.update("id", state, news);
    assert.equal((updated.outs as { taskId: string }).taskId, "t1");
  });
});
