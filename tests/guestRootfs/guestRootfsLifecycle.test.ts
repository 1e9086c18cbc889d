import assert from "node:assert/strict";
import { guestRootfsChanges, guestRootfsSchema } from "../../provider/guestRootfs/guestRootfsContract";
import { guestRootfsLifecycle } from "../../provider/guestRootfs/guestRootfsLifecycle";
import { bootArgs, describeImage } from "../../provider/guestRootfs/guestRootfsWork";
import { contentHashOf, specifyImage } from "../../provider/guestRootfs/imageSpec";
import { unknownValue } from "../../provider/validation/unknownValue";
import { rootfsInputs } from "./rootfsInputs";

const connection = rootfsInputs().connection as Record<string, unknown>;
const node = { nodeUrl: "https://a.example/node.tar.xz", nodeSha256: "0".repeat(64) };

/** A state as it is after a build, with an agent that may be another version's. */
function stateWith(overrides: Record<string, unknown> = {}, agent?: { text: string; hash: string }) {
  const inputs = guestRootfsSchema.parse(rootfsInputs(node));
  const { buildHash, filesHash, agentHash } = specifyImage(inputs, agent);
  return {
    ...inputs,
    ...describeImage(inputs, { status: "present", buildHash, filesHash, agentHash, sizeBytes: 1 }),
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
  deleteUnreachable: { deleteUnreachable: true },
  takeOver: { takeOver: true },
  name: { name: "another" },
  suite: { suite: "jammy" },
  mirror: { mirror: "http://mirror.example/ubuntu" },
  components: { components: ["main"] },
  updateSuites: { updateSuites: [] },
  keyring: { keyring: "/keys.gpg" },
  sizeMib: { sizeMib: 8192 },
  packages: { packages: ["python3"] },
  nodeUrl: { nodeUrl: "https://b.example/node.tar.xz" },
  nodeSha256: { nodeSha256: "1".repeat(64) },
  npmRegistry: { npmRegistry: "https://registry.example/" },
  claudeCodeVersion: { claudeCodeVersion: "2.1.0" },
  claudeCodeIntegrity: { claudeCodeIntegrity: [`sha512-${"A".repeat(86)}==`] },
  resolvers: { resolvers: ["9.9.9.9"] },
  force: { force: "1" },
  timeoutSeconds: { timeoutSeconds: 3600 },
};

describe("the diff of GuestRootfs", () => {
  const diff = (state: object, overrides: Record<string, unknown> = {}) =>
    guestRootfsLifecycle.diff("id", state, rootfsInputs({ ...node, ...overrides }));

  for (const [property, effect] of Object.entries(guestRootfsChanges)) {
    it(`takes another ${property} as: ${effect}`, async () => {
      const { changes, replaces, deleteBeforeReplace } = await diff(stateWith(), otherValues[property]);
      assert.equal(changes, true);
      assert.deepEqual(replaces, effect === "replace" ? [property.split(".")[0]] : []);
      assert.equal(deleteBeforeReplace, true);
    });
  }

  it("sees no change where nothing has changed", async () => {
    assert.equal((await diff(stateWith())).changes, false);
  });

  it("wants an update when the package has another guest agent", async () => {
    const { changes, replaces } = await diff(stateWith({}, { text: "old", hash: "0" }));
    assert.deepEqual({ changes, replaces }, { changes: true, replaces: [] });
  });

  for (const status of ["absent", "damaged"]) {
    it(`wants an update of an image that is ${status}`, async () => {
      const { changes, replaces } = await diff(stateWith({ status }));
      assert.deepEqual({ changes, replaces }, { changes: true, replaces: [] });
    });
  }

  it("takes an input that is not known yet for a change", async () => {
    assert.equal((await diff(stateWith(), { suite: unknownValue })).changes, true);
  });

  it("takes a creation whose end is not known for one that has to be seen to", async () => {
    const inputs = guestRootfsSchema.parse(rootfsInputs(node));
    assert.equal((await diff({ ...inputs, ...describeImage(inputs) })).changes, true);
  });

  it("keeps what only the state needs without asking the host", async () => {
    const news = guestRootfsSchema.parse(rootfsInputs({ ...node, timeoutSeconds: 60 }));
    const updated: { outs?: unknown } = await guestRootfsLifecycle.update("id", stateWith(), news);
    assert.equal((updated.outs as { timeoutSeconds: number }).timeoutSeconds, 60);
  });
});

describe("specifyImage", () => {
  const base = guestRootfsSchema.parse(rootfsInputs());
  const hashes = (overrides: Record<string, unknown>) => {
    const { buildHash, filesHash } = specifyImage(guestRootfsSchema.parse(rootfsInputs(overrides)));
    return { buildHash, filesHash };
  };
  const same = hashes({});

  for (const [property, effect] of Object.entries(guestRootfsChanges)) {
    const isBuilt = effect === "sync" && property !== "resolvers";
    it(`${isBuilt ? "builds anew" : "does not build anew"} for another ${property}`, () => {
      // One half of a release of Node.js does not stand alone.
      const beside = property.startsWith("node") ? node : {};
      const before = hashes(beside);
      const after = hashes({ ...beside, ...otherValues[property] });
      assert.equal(after.buildHash !== before.buildHash, isBuilt);
      assert.equal(after.filesHash !== before.filesHash, property === "resolvers");
    });
  }

  it("counts neither the order nor the repetition of packages", () => {
    assert.deepEqual(hashes({ packages: ["b", "a", "b"] }), hashes({ packages: ["a", "b"] }));
  });

  it("takes another guest agent for another file, and not for another build", () => {
    const other = specifyImage(base, { text: "other", hash: "0" });
    assert.equal(other.buildHash, same.buildHash);
    assert.notEqual(other.filesHash, same.filesHash);
    assert.notEqual(contentHashOf(other), contentHashOf(same));
  });

  it("adds the suites with newer packages, unless they are named", () => {
    assert.deepEqual(specifyImage(base).updateSuites, ["noble-updates", "noble-security"]);
    assert.deepEqual(specifyImage({ ...base, updateSuites: [] }).updateSuites, []);
  });

  it("pins Node.js for both of Firecracker's architectures", () => {
    assert.deepEqual(Object.keys(specifyImage(base).node), ["x86_64", "aarch64"]);
    for (const { url, sha256 } of Object.values(specifyImage(base).node)) {
      assert.match(
        url,
        /^https:\/\/nodejs\.org\/dist\/v\d+\.\d+\.\d+\/node-v[\d.]+-linux-(x64|arm64)\.tar\.xz$/,
      );
      assert.match(sha256, /^[0-9a-f]{64}$/);
    }
  });
});

describe("the recommended arguments of the kernel", () => {
  it("start the guest agent and end the machine with it", () => {
    assert.match(bootArgs, /(^| )console=ttyS0 reboot=k panic=1 pci=off .*init=\/sbin\/fc-agent$/);
  });
});
