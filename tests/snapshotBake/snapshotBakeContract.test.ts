import assert from "node:assert/strict";
import {
  snapshotBakeChanges,
  snapshotBakeCrossChecks,
  snapshotBakeSchema,
} from "../../provider/snapshotBake/snapshotBakeContract";
import { snapshotBakeLifecycle } from "../../provider/snapshotBake/snapshotBakeLifecycle";
import { validateInputs } from "../../provider/validation/validateInputs";
import { unknownValue } from "../../provider/validation/unknownValue";

type Raw = Record<string, unknown>;

const connection = { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };

function bakeInputs(overrides: Raw = {}): Raw {
  return {
    connection,
    stableKey: "organization/project/stack/SnapshotBake/agent",
    network: { netns: "fc-agent", tapName: "tap0", egress: "none" },
    microVm: {
      netns: "fc-agent",
      bootSource: { kernelImagePath: "/kernel", bootArgs: "console=ttyS0" },
      networkInterfaces: [{ ifaceId: "eth0", hostDevName: "tap0" }],
      waitForSerial: { text: "ready", timeoutSeconds: 120 },
    },
    ...overrides,
  };
}

function failuresOf(overrides: Raw): Raw {
  const { failures } = validateInputs(snapshotBakeSchema, snapshotBakeCrossChecks, bakeInputs(overrides));
  return Object.fromEntries(failures.map(({ property, reason }) => [property, reason]));
}

const state = (): Raw => ({
  ...snapshotBakeSchema.parse(bakeInputs()),
  ...{ status: "present", snapshotPath: "/s/state", memoryPath: "/s/memory", sizeBytes: 1, bootSeconds: 2 },
});

describe("The check of a bake", () => {
  it("takes what its parts take", () => {
    assert.deepEqual(failuresOf({}), {});
  });

  it("tells all that is wrong in both parts at once, by the part", () => {
    const failures = failuresOf({
      connection: { ...connection, port: "x" },
      network: { tapName: "a name that is too long", hostIp: "1.2.3", egress: "all" },
      microVm: { bootSource: {}, machine: { vcpuCount: 0, memSizeMib: 0 }, waitForSerial: { text: "" } },
      triggers: "now",
    });
    assert.deepEqual(Object.keys(failures).sort(), [
      "connection.port",
      "microVm.bootSource.kernelImagePath",
      "microVm.machine.memSizeMib",
      "microVm.machine.vcpuCount",
      "microVm.waitForSerial.text",
      "network.egress",
      "network.hostIp",
      "network.tapName",
      "triggers",
    ]);
  });

  it("applies the rules between the inputs of a part", () => {
    assert.deepEqual(Object.keys(failuresOf({ microVm: {} })), ["microVm.bootSource"]);
    assert.deepEqual(Object.keys(failuresOf({ network: { hostIp: "10.0.0.0", prefix: 24 } })), [
      "network.hostIp",
    ]);
  });

  for (const part of ["network", "microVm"]) {
    it(`says that \`${part}\` is missing, or no object`, () => {
      assert.match(String(failuresOf({ [part]: undefined })[part]), /Expected `\w+` to be an object/);
      assert.match(String(failuresOf({ [part]: "none" })[part]), /an object, got `none` \(string\)/);
    });
  }

  it("leaves what a preview does not know to the next check", () => {
    assert.deepEqual(failuresOf({ network: unknownValue, microVm: unknownValue }), {});
    const bootSource = { kernelImagePath: unknownValue, initrdPath: unknownValue };
    assert.deepEqual(
      failuresOf({ microVm: { bootSource, firecrackerPath: unknownValue }, triggers: [unknownValue] }),
      {},
    );
    assert.deepEqual(
      Object.keys(failuresOf({ microVm: { bootSource, machine: { vcpuCount: 0, memSizeMib: 256 } } })),
      ["microVm.machine.vcpuCount"],
    );
  });
});

describe("The diff of a bake", () => {
  const { microVm } = bakeInputs() as { microVm: Raw };
  const changed: Record<string, Raw> = {
    "connection.host": { connection: { ...connection, host: "other.example.com" } },
    "connection.port": { connection: { ...connection, port: 2222 } },
    "connection.user": { connection: { ...connection, user: "someone" } },
    "connection.sudo": { connection: { ...connection, user: "root", sudo: true } },
    connection: { connection: { ...connection, dialErrorLimit: 3 } },
    deleteUnreachable: { deleteUnreachable: true },
    takeOver: { takeOver: true },
    network: { network: { netns: "fc-agent", tapName: "tap1", egress: "none" } },
    microVm: { microVm: { ...microVm, machine: { vcpuCount: 1, memSizeMib: 256 } } },
    "microVm.waitForSerial.timeoutSeconds": {
      microVm: { ...microVm, waitForSerial: { text: "ready", timeoutSeconds: 300 } },
    },
    triggers: { triggers: [1] },
  };

  it("has a change for each row of the table", () => {
    assert.deepEqual(Object.keys(changed).sort(), Object.keys(snapshotBakeChanges).sort());
  });

  for (const [row, change] of Object.entries(changed)) {
    const effect = snapshotBakeChanges[row];
    it(`${effect === "replace" ? "bakes anew" : "only notes it"} when \`${row}\` changes`, async () => {
      const news = snapshotBakeSchema.parse(bakeInputs(change));
      const { changes, replaces, deleteBeforeReplace } = await snapshotBakeLifecycle.diff(
        "fc-1",
        state(),
        news,
      );
      const root = row.split(".")[0];
      assert.deepEqual(
        { changes, replaces, deleteBeforeReplace },
        { changes: true, replaces: effect === "replace" ? [root] : [], deleteBeforeReplace: true },
      );
    });
  }

  it("sees nothing in the same inputs, and a snapshot that is gone or damaged as drift", async () => {
    const news = snapshotBakeSchema.parse(bakeInputs());
    const diffOf = async (status: string): Promise<unknown> => {
      const { changes, replaces } = await snapshotBakeLifecycle.diff("fc-1", { ...state(), status }, news);
      return { changes, replaces };
    };
    assert.deepEqual(await diffOf("present"), { changes: false, replaces: [] });
    assert.deepEqual(await diffOf("absent"), { changes: true, replaces: [] });
    assert.deepEqual(await diffOf("damaged"), { changes: true, replaces: [] });
  });
});
