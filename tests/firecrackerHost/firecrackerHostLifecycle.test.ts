import assert from "node:assert/strict";
import { firecrackerHostChanges } from "../../provider/firecrackerHost/firecrackerHostContract";
import { firecrackerHostLifecycle } from "../../provider/firecrackerHost/firecrackerHostLifecycle";
import { defaultVersion } from "../../provider/firecrackerHost/releases";
import { unknownValue } from "../../provider/validation/unknownValue";
import { firecrackerInputs, someSum } from "./firecrackerHostInputs";

const connection = firecrackerInputs().connection as Record<string, unknown>;

async function stateWith(overrides: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const checked: { inputs?: unknown } = await firecrackerHostLifecycle.check({}, firecrackerInputs());
  return { ...(checked.inputs as object), status: "ready", findings: [], ...overrides };
}

async function diff(state: Record<string, unknown>, news: Record<string, unknown>) {
  return firecrackerHostLifecycle.diff("id", state, news);
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
  version: { version: "1.16.0" },
  source: { source: { mirror: "https://example.com" } },
  jailer: { jailer: false },
  kernel: { kernel: { file: "vmlinux" } },
  requireKvm: { requireKvm: false },
  localSha256: { localSha256: { kernel: someSum } },
  downloadTimeoutSeconds: { downloadTimeoutSeconds: 60 },
};

describe("the diff of FirecrackerHost", () => {
  for (const [property, effect] of Object.entries(firecrackerHostChanges)) {
    it(`takes another ${property} as: ${effect}`, async () => {
      const { changes, replaces, deleteBeforeReplace } = await diff(
        await stateWith(),
        firecrackerInputs(otherValues[property]),
      );
      assert.equal(changes, true);
      assert.deepEqual(replaces, effect === "replace" ? [property.split(".")[0]] : []);
      assert.equal(deleteBeforeReplace, true);
    });
  }

  it("sees no change in inputs that name their defaults", async () => {
    const news = firecrackerInputs({ version: defaultVersion, source: {}, jailer: true, requireKvm: true });
    assert.equal((await diff(await stateWith(), news)).changes, false);
  });

  for (const status of ["damaged", "absent"]) {
    it(`wants an update of files that are ${status}`, async () => {
      const { changes, replaces } = await diff(await stateWith({ status }), firecrackerInputs());
      assert.deepEqual([changes, replaces], [true, []]);
    });
  }

  it("takes an unknown input as a change", async () => {
    const { changes } = await diff(await stateWith(), firecrackerInputs({ kernel: unknownValue }));
    assert.equal(changes, true);
  });
});

describe("the update of FirecrackerHost", () => {
  it("contacts no host when only limits change", async () => {
    // Nobody answers at fc.example.com: an attempt to connect would fail.
    const news = firecrackerInputs({ downloadTimeoutSeconds: 60 });
    const state = await stateWith({ firecrackerPath: "/fc" });
    const { outs } = (await firecrackerHostLifecycle.update("id", state, news)) as {
      outs: Record<string, unknown>;
    };
    assert.deepEqual([outs.downloadTimeoutSeconds, outs.firecrackerPath], [60, "/fc"]);
  });
});
