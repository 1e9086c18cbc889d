import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { bootstrapText } from "../../provider/hostProgram/runArchive";
import { readHostSources } from "../../provider/hostProgram/hostArchive";
import { zipFiles } from "../../provider/taskServer/zipFiles";
import { useNetworks } from "../support/network/useNetworks";

/**
 * Rules that are taken out of the program, one at a time, and with which `egress` the probe has to notice. Not those
 * against IPv6 and against the host's own address as a source: a second layer drops the same packets.
 */
const holes: [string, RegExp, "internet" | "none" | "allow"][] = [
  ["forged sources", /ip saddr != \{side\.sources\} counter name forged drop/, "internet"],
  ["private networks", /counter name private drop/, "internet"],
  ["the host's other ports", /counter name host drop/, "none"],
  ["what is not allowed", /counter name refused drop/, "allow"],
];

describe("the probe of a network's rules", function () {
  this.timeout(60_000);
  const networks = useNetworks();

  /** Runs the host program on the world's host with other sources, and returns its answer. */
  const runAltered = (op: string, args: object, hole?: RegExp): { ok: boolean; error?: { code: string } } => {
    const sources = readHostSources();
    if (hole !== undefined) {
      const text = Buffer.from(sources["fc_host/network/ruleset.py"] ?? []).toString();
      const altered = text.replaceAll(new RegExp(hole.source, "g"), "counter name inbound");
      assert.notEqual(altered, text, "the rule is not in the program");
      sources["fc_host/network/ruleset.py"] = Buffer.from(altered);
    }
    const archive = zipFiles(sources);
    const command = JSON.stringify({ op, args });
    const input = Buffer.concat([Buffer.from(`${archive.length}\n`), archive, Buffer.from(`${command}\n`)]);
    const netns = `--net=/run/netns/${networks.world().hostNetns}`;
    const argv = [netns, "--", "python3", "-IS", "-c", bootstrapText(), "fc_host.loader"];
    const lines = execFileSync("nsenter", argv, { input }).toString().trimEnd().split("\n");
    return JSON.parse(lines.at(-1) ?? "") as { ok: boolean; error?: { code: string } };
  };
  const describeArgs = (netns: string | undefined, mode: string): object => ({
    ...{ name: `net-probe${process.pid}`, owner: "o", instanceId: "i", tapName: `t${process.pid}`, netns },
    ...{
      hostIp: "172.16.0.1",
      prefix: 24,
      guestSubnet: "172.16.0.2/32",
      tapMac: "06:fc:00:00:00:01",
      tapUid: 0,
    },
    ...{
      taskPort: 8080,
      egress: {
        mode,
        nets: mode === "allow" ? [{ network: "203.0.113.1/32", port: 443, protocol: "tcp" }] : [],
      },
      resolvers: ["203.0.113.53"],
    },
  });

  afterEach(() => {
    for (const netns of [undefined, networks.netnsName("a")])
      runAltered("network.remove", describeArgs(netns, "none"));
  });

  for (const place of ["a namespace of its own", "the host's namespace"]) {
    for (const [what, rule, mode] of holes) {
      it(`notices in ${place} that the rule against ${what} is missing, and leaves nothing`, async () => {
        const netns = place === "the host's namespace" ? undefined : networks.netnsName("a");
        const answer = runAltered("network.ensure", describeArgs(netns, mode), rule);
        assert.equal(answer.error?.code, "probe_escaped");
        assert.equal(await networks.world().run(["nft", "list", "ruleset"]), "");
      });
    }

    it(`finds nothing in ${place} when every rule is there`, () => {
      const netns = place === "the host's namespace" ? undefined : networks.netnsName("a");
      const args = describeArgs(netns, "internet");
      assert.deepEqual(runAltered("network.ensure", args).error, undefined);
    });
  }

  it("sends nothing out, whatever the rules are", () => {
    assert.deepEqual(networks.world().arrivals, []);
  });
});
