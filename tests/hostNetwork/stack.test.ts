import assert from "node:assert/strict";
import { join } from "node:path";
import { assertFailed, assertSucceeded } from "../support/deployment";
import { findPulumiObstacle } from "../support/findPulumi";
import { PulumiStack } from "../support/pulumiStack";
import { worldAddresses } from "../support/network/networkWorld";
import { useNetworks } from "../support/network/useNetworks";
import { skipBecause } from "../support/skipBecause";
import { Secret } from "../support/stackConfig";

const { dns } = worldAddresses;
const tapName = `t${process.pid}`;

describe("a stack with a HostNetwork, end to end", function () {
  this.timeout(180_000);
  let stack: PulumiStack | undefined;
  before(function () {
    skipBecause(this, findPulumiObstacle());
  });
  // Before the world goes: what a failed test has left is on its host.
  after(() => stack?.remove());
  const networks = useNetworks();

  it("is previewed without a host, made, unchanged, changed, refreshed, mended, replaced and destroyed", async () => {
    const { connection, run, sshd, ip } = networks.world();
    const { privateKey, ...reachable } = connection();
    const netns = networks.netnsName("a");
    const declare = async (args: object): Promise<void> =>
      current.configure({
        connection: { ...reachable },
        privateKey: new Secret(privateKey),
        networks: { one: { tapName, netns, resolvers: [dns], ...args } },
      });
    stack = await PulumiStack.create({ project: join(__dirname, "program") });
    const current = stack;
    const hostBefore = [await ip("-br", "address"), await run(["nft", "list", "ruleset"])];

    await declare({});
    const connections = sshd.countConnections();
    const preview = await stack.preview();
    assertSucceeded(preview);
    assert.deepEqual(preview.operations, { one: "create" });
    assert.equal(sshd.countConnections(), connections);

    assertSucceeded(await stack.up());
    const { links, faults } = await stack.outputs();
    assert.match((links as { one: string }).one, /^10\.201\..*\/30$/);
    assert.deepEqual(faults, { one: [] });
    const again = await stack.up();
    assertSucceeded(again);
    assert.deepEqual(again.operations, { one: "same" });

    await declare({ egress: { allow: ["198.51.100.7:443"] } });
    const changed = await stack.up();
    assert.deepEqual(changed.operations, { one: "update" });
    assert.match(await run(["nft", "list", "ruleset"], netns), /198\.51\.100\.7 tcp dport 443/);

    await run(["nft", "flush", "ruleset"], netns);
    assertSucceeded(await stack.refresh());
    const seen = stack.exportState().get("one").outputs;
    assert.equal(seen["status"], "degraded");
    assert.match((seen["faults"] as string[]).join(), /is missing/);
    const mended = await stack.up();
    assert.deepEqual(mended.operations, { one: "update" });
    assert.deepEqual((await stack.outputs())["faults"], { one: [] });

    await declare({ tapName: `${tapName}b` });
    const replaced = await stack.up();
    assertSucceeded(replaced);
    assert.deepEqual(replaced.operations, { one: "replace" });

    await declare({ vethSubnet: "10.20.0.0/29" });
    const refused = await stack.up();
    assertFailed(refused, /Expected `vethSubnet` to be a \/30/);

    assertSucceeded(await stack.destroy());
    assert.deepEqual([await ip("-br", "address"), await run(["nft", "list", "ruleset"])], hostBefore);
  });
});
