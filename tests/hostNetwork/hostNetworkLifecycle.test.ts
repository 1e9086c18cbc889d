import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { networkNameOf } from "../../provider/hostNetwork/hostNetworkContract";
import { catchError } from "../support/catchError";
import { netnsFolder, stateRoot } from "../support/namespace";
import { worldAddresses } from "../support/network/networkWorld";
import { type MadeNetwork, useNetworks } from "../support/network/useNetworks";

const { internet, dns } = worldAddresses;
const tapName = `t${process.pid}`;
const forwarding = "/proc/sys/net/ipv4/ip_forward";

function folderOf(network: { netns?: string }): string {
  return `${stateRoot}/networks/${networkNameOf({ tapName, ...network })}`;
}

describe("the life of a HostNetwork", function () {
  this.timeout(60_000);
  const networks = useNetworks();
  const run = (...argv: string[]): Promise<string> => networks.world().run(argv);
  /** What a destroy has to leave as it was: links, addresses, routes, rules, settings. */
  const describeHost = async (): Promise<string[]> => [
    ...(await Promise.all([
      run("ip", "-br", "address"),
      run("ip", "route", "show", "table", "all"),
      run("nft", "list", "ruleset"),
      run("cat", forwarding),
    ])),
    ...readdirSync(netnsFolder).filter((name) => name.startsWith(networks.world().prefix)),
  ];
  const make = (overrides: Record<string, unknown> = {}): Promise<MadeNetwork> =>
    networks.make({ tapName, resolvers: [dns], netns: networks.netnsName("a"), ...overrides });

  for (const place of ["a namespace of its own", "the host's namespace"]) {
    it(`makes it in ${place}, finds nothing to do, and leaves nothing`, async () => {
      const before = await describeHost();
      const netns = place === "the host's namespace" ? undefined : networks.netnsName("a");
      const network = await make({ netns });
      assert.deepEqual(
        [network.state.status, network.state.faults, network.state.isProven],
        ["ready", [], true],
      );
      assert.equal(network.state.uplinkDevice, "eth0");
      const inside = JSON.parse(
        await networks.world().run(["ip", "-j", "-d", "address", "show", tapName], netns),
      ) as { address: string; addr_info: { local: string }[]; linkinfo: { info_data: { user: string } } }[];
      assert.equal(inside[0]?.address, "06:fc:00:00:00:01");
      assert.deepEqual(
        inside[0].addr_info.map(({ local }) => local),
        ["172.16.0.1"],
      );
      assert.equal(inside[0].linkinfo.info_data.user, 60_700);
      assert.equal((await run("cat", forwarding)).trim(), "1");
      const made = await describeHost();
      await network.update();
      assert.equal((await network.refresh()).status, "ready");
      assert.equal(await network.hasChanges(), false);
      assert.deepEqual(await describeHost(), made);
      await network.remove();
      assert.deepEqual(await describeHost(), before);
      assert.ok(!existsSync(folderOf(netns === undefined ? {} : { netns })));
      await network.remove();
    });
  }

  it("keeps the link's addresses that it chose, and takes those that are asked for", async () => {
    const chosen = await make();
    assert.match(chosen.state.linkSubnet ?? "", /^10\.201\.\d+\.\d+\/30$/);
    const { linkSubnet } = chosen.state;
    await chosen.update({ egress: "none" });
    assert.equal(chosen.state.linkSubnet, linkSubnet);
    const asked = await make({ netns: networks.netnsName("b"), vethSubnet: "10.77.0.4/30" });
    assert.equal(asked.state.linkSubnet, "10.77.0.4/30");
    assert.match(await run("ip", "-br", "address", "show", asked.state.linkDevice ?? ""), /10\.77\.0\.5\/30/);
  });

  it("changes addresses, port and rules in place", async () => {
    const network = await make();
    const netns = networks.netnsName("a");
    const indexOf = async (): Promise<string> =>
      (await networks.world().run(["ip", "-o", "link", "show", tapName], netns)).split(":")[0] ?? "";
    const index = await indexOf();
    await network.update({
      hostIp: "172.18.0.1",
      prefix: 28,
      tapMac: "06:fc:00:00:00:09",
      taskPort: 9000,
      egress: "none",
    });
    assert.equal(network.state.status, "ready");
    assert.equal(await indexOf(), index);
    const address = await networks.world().run(["ip", "address", "show", tapName], netns);
    assert.match(address, /06:fc:00:00:00:09[^]*172\.18\.0\.1\/28/);
    assert.doesNotMatch(address, /172\.16\.0\.1/);
    assert.match(
      await networks.world().run(["nft", "list", "ruleset"], netns),
      /172\.18\.0\.1 tcp dport 9000 accept/,
    );
  });

  /** What a person or a program may do to it behind our back, and what a refresh says then. */
  const drifts: [string, (netns: string, network: MadeNetwork) => string[][], RegExp][] = [
    ["the TAP is gone", () => [["in", "ip", "link", "delete", tapName]], /TAP device .* is missing/],
    ["the TAP is down", () => [["in", "ip", "link", "set", tapName, "down"]], /is down/],
    [
      "its address is gone",
      () => [["in", "ip", "address", "flush", "dev", tapName]],
      /has no address 172\.16\.0\.1\/24/,
    ],
    [
      "it has another address too",
      () => [["in", "ip", "address", "add", "10.5.5.5/24", "dev", tapName]],
      /10\.5\.5\.5\/24, which is not ours/,
    ],
    [
      "its MAC address is another",
      () => [["in", "ip", "link", "set", tapName, "address", "06:fc:00:00:00:77"]],
      /MAC address 06:fc:00:00:00:77/,
    ],
    [
      "the route out is gone",
      () => [["in", "ip", "route", "delete", "default"]],
      /default route in .* is missing/,
    ],
    [
      "the link's inner end is down",
      () => [["in", "ip", "link", "set", "uplink0", "down"]],
      /uplink0 is down/,
    ],
    [
      "the link is gone",
      (_, { state }) => [["ip", "link", "delete", state.linkDevice ?? ""]],
      /the link fcv\w+ .* is missing/,
    ],
    ["the namespace is gone", (netns) => [["ip", "netns", "delete", netns]], /namespace .* is missing/],
    [
      "the inner rules are gone",
      () => [["in", "nft", "flush", "ruleset"]],
      /table inet fc_agents_\w+ in the namespace .* is missing/,
    ],
    ["the host's rules are gone", () => [["nft", "flush", "ruleset"]], /table inet fc_agents_\w+ is missing/],
    [
      "a rule is gone",
      () => [["in", "nft", "flush", "chain", "inet", "TABLE", "from_guest"]],
      /has been changed/,
    ],
    [
      "a rule was added",
      () => [["in", "nft", "insert", "rule", "inet", "TABLE", "from_guest", "accept"]],
      /has been changed/,
    ],
    ["forwarding is off", () => [["sh", "-c", `echo 0 > ${forwarding}`]], /does not forward packets \(net/],
    ["forwarding is off inside", () => [["in", "sh", "-c", `echo 0 > ${forwarding}`]], /in the namespace/],
  ];
  for (const [what, commands, fault] of drifts) {
    it(`sees that ${what}, and mends it`, async () => {
      const netns = networks.netnsName("a");
      const network = await make();
      const table = /fc_agents_\w+/.exec(await run("nft", "list", "tables"))?.[0] ?? "";
      for (const command of commands(netns, network)) {
        const [first, ...rest] = command.map((word) => (word === "TABLE" ? table : word));
        if (first === "in") await networks.world().run(rest, netns);
        else await run(first ?? "", ...rest);
      }
      const seen = await network.refresh();
      assert.notEqual(seen.status, "ready");
      assert.match(seen.faults.join("; "), fault);
      assert.equal(await network.hasChanges(), true);
      await network.update();
      assert.deepEqual([network.state.status, network.state.faults], ["ready", []]);
      assert.equal((await network.refresh()).status, "ready");
      const guest = await networks.world().startGuest({ tapNetns: netns, tapName });
      try {
        assert.equal(await guest.attempt({ address: internet, port: 443 }), "answered");
        assert.equal(await guest.attempt({ address: "10.20.0.2", port: 443 }), "silent");
      } finally {
        await guest.stop();
      }
    });
  }

  it("does not touch the TAP of a running guest when only a rule is missing", async () => {
    const netns = networks.netnsName("a");
    const network = await make();
    const guest = await networks.world().startGuest({ tapNetns: netns, tapName });
    try {
      await guest.attempt({ address: internet, port: 443, holdAs: "stream" });
      await networks.world().run(["nft", "flush", "ruleset"], netns);
      await network.refresh();
      await network.update();
      assert.equal(network.state.status, "ready");
      assert.equal(await guest.useHeld("stream"), "answered");
    } finally {
      await guest.stop();
    }
  });

  it("sees that the uplink has gone, and that the default route has", async () => {
    const network = await make();
    await run("ip", "route", "delete", "default");
    try {
      assert.match((await network.refresh()).faults.join(), /there is no default route/);
    } finally {
      await run("ip", "route", "add", "default", "via", internet);
    }
    assert.equal((await network.refresh()).status, "ready");
  });

  it("leaves nothing of a creation that failed half-way", async () => {
    const before = await describeHost();
    const error = await catchError(make({ egress: { allow: ["nobody-knows.test:443"] } }));
    assert.match(error.message, /nobody-knows\.test has no address: there is no such name/);
    assert.deepEqual(await describeHost(), before);
    assert.ok(!existsSync(folderOf({ netns: networks.netnsName("a") })));
  });

  it("goes on with a creation that was cut off, and removes one", async () => {
    const before = await describeHost();
    const netns = networks.netnsName("a");
    const network = await make();
    const record = `${folderOf({ netns })}/record.json`;
    const facts = JSON.parse(readFileSync(record, "utf8")) as object;
    // As it is when the program was killed after the namespace: no devices, no rules.
    writeFileSync(record, JSON.stringify({ ...facts, isComplete: false, rules: {} }));
    await run("ip", "link", "delete", network.state.linkDevice ?? "");
    await networks.world().run(["ip", "link", "delete", tapName], netns);
    const again = await make();
    assert.equal(again.state.status, "ready");
    writeFileSync(record, JSON.stringify({ ...JSON.parse(readFileSync(record, "utf8")), isComplete: false }));
    await run("ip", "link", "delete", again.state.linkDevice ?? "");
    await again.remove();
    assert.deepEqual(await describeHost(), before);
  });

  it("removes only the instance that it is asked to remove", async () => {
    const first = await make();
    const second = await make();
    await first.remove();
    assert.equal((await second.refresh()).status, "ready");
    assert.equal((await first.refresh()).status, "absent");
  });

  it("knows after a reboot that all is gone, makes it again with the same link, and deletes what is left", async () => {
    const netns = networks.netnsName("a");
    const network = await make();
    const { linkSubnet } = network.state;
    const reboot = async (): Promise<void> => {
      const record = `${folderOf({ netns })}/record.json`;
      const facts = JSON.parse(readFileSync(record, "utf8")) as object;
      writeFileSync(record, JSON.stringify({ ...facts, bootId: "of another boot" }));
      await run("ip", "netns", "delete", netns);
      await run("nft", "flush", "ruleset");
      await run("ip", "link", "delete", network.state.linkDevice ?? "").catch(() => "");
    };
    await reboot();
    assert.equal((await network.refresh()).status, "absent");
    await network.update();
    assert.deepEqual([network.state.status, network.state.linkSubnet], ["ready", linkSubnet]);
    await reboot();
    await network.remove();
    assert.ok(!existsSync(folderOf({ netns })));
  });

  it("restores forwarding only when the last network goes, and leaves it where somebody else needs it", async () => {
    const [one, two] = [await make(), await make({ netns: networks.netnsName("b") })];
    await one.remove();
    assert.equal((await run("cat", forwarding)).trim(), "1");
    await run(
      "nft",
      "add table ip docker; add chain ip docker post { type nat hook postrouting priority 100; }",
    );
    await run("nft", "add rule ip docker post ip saddr 172.30.0.0/16 masquerade");
    await two.remove();
    assert.equal((await run("cat", forwarding)).trim(), "1");
    await run("nft", "delete table ip docker");
    await run("sh", "-c", `echo 0 > ${forwarding}`);
  });
});
