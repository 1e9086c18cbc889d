import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { hostArchive } from "../../provider/hostProgram/hostArchive";
import { bootstrapText } from "../../provider/hostProgram/runArchive";
import { catchError } from "../support/catchError";
import { worldAddresses } from "../support/network/networkWorld";
import { type MadeNetwork, useNetworks } from "../support/network/useNetworks";

const { internet, dns } = worldAddresses;
const tapName = `t${process.pid}`;

describe("a host that cannot have the network", function () {
  this.timeout(60_000);
  const undoing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const undo of undoing.splice(0).reverse()) await undo();
  });
  const networks = useNetworks();
  const run = (...argv: string[]): Promise<string> => networks.world().run(argv);
  const inNamespace = (): { netns: string } => ({ netns: networks.netnsName("a") });
  const make = (overrides: Record<string, unknown> = {}): Promise<MadeNetwork> =>
    networks.make({ tapName, resolvers: [dns], ...overrides });
  const refuse = async (overrides: Record<string, unknown>, message: RegExp): Promise<void> => {
    const before = await listAll();
    const error = await catchError(make(overrides));
    assert.match(error.message, /^Could not make the network on root@127\.0\.0\.1:\d+: /);
    assert.match(error.message, message);
    assert.deepEqual(await listAll(), before);
  };
  const listAll = async (): Promise<string[]> => [
    await run("ip", "-br", "address"),
    await run("nft", "list", "ruleset"),
    ...(existsSync("/run/netns") ? readdirSync("/run/netns") : []).filter((name) =>
      name.startsWith(networks.world().prefix),
    ),
  ];

  it("has no default route, which egress none does not need", async () => {
    await run("ip", "route", "delete", "default");
    undoing.push(() => run("ip", "route", "add", "default", "via", internet));
    await refuse(inNamespace(), /there is no default route, so a guest would not get out\. Add one there/);
    assert.equal((await make({ ...inNamespace(), egress: "none" })).state.status, "ready");
  });

  it("has not the uplink that is named, or no route by it", async () => {
    await refuse({ ...inNamespace(), uplink: "wan7" }, /the device wan7, .* is not there/);
    await run("ip", "link", "add", "wan8", "type", "bridge");
    undoing.push(() => run("ip", "link", "delete", "wan8"));
    await refuse({ ...inNamespace(), uplink: "wan8" }, /the device wan8, .* is down/);
    await refuse({ ...inNamespace(), uplink: "lan0" }, /no default route by the device lan0/);
    assert.equal((await make({ ...inNamespace(), uplink: "eth0" })).state.uplinkDevice, "eth0");
  });

  it("has a TAP of that name already, which stays as it is", async () => {
    await run("ip", "tuntap", "add", tapName, "mode", "tap");
    undoing.push(() => run("ip", "link", "delete", tapName));
    await refuse({}, new RegExp(`the device ${tapName} exists and is not ours`));
  });

  it("has a namespace of that name already, which stays as it is", async () => {
    const { netns } = inNamespace();
    await run("ip", "netns", "add", netns);
    undoing.push(() => run("ip", "netns", "delete", netns));
    await refuse(
      { netns },
      /the namespace .* exists and is not ours\. Remove it there, or choose another `netns`/,
    );
  });

  it("has those addresses already", async () => {
    await refuse(
      { hostIp: "10.20.0.99", prefix: 24 },
      /10\.20\.0\.0\/24 overlaps with .*lan0 has 10\.20\.0\.1\/24/,
    );
    await refuse({ ...inNamespace(), vethSubnet: "10.20.0.4/30" }, /10\.20\.0\.4\/30 overlaps/);
  });

  it("has all of the pool in use but one link, which is found", async () => {
    await run("ip", "route", "add", "10.201.0.0/17", "dev", "lan0");
    undoing.push(() => run("ip", "route", "delete", "10.201.0.0/17"));
    await run("ip", "route", "add", "10.201.128.0/18", "dev", "lan0");
    undoing.push(() => run("ip", "route", "delete", "10.201.128.0/18"));
    assert.match((await make(inNamespace())).state.linkSubnet ?? "", /^10\.201\.(19[2-9]|2\d\d)\./);
  });

  it("has the network of another stack, which takeOver makes this one's", async () => {
    const first = await make({ ...inNamespace(), stableKey: "theirs" });
    const error = await catchError(make({ ...inNamespace(), stableKey: "ours" }));
    assert.match(
      error.message,
      /the network of t\d+ in the namespace .* there belongs to theirs\. .*takeOver: true/,
    );
    const taken = await make({ ...inNamespace(), stableKey: "ours", takeOver: true });
    assert.equal(taken.state.status, "ready");
    assert.equal((await first.refresh()).status, "absent");
    await first.remove();
    assert.equal((await taken.refresh()).status, "ready");
  });

  const docker = `
    table ip filter {
      chain DOCKER-USER {
      }
      chain FORWARD {
        type filter hook forward priority 0; policy drop;
        jump DOCKER-USER
      }
    }`;

  for (const place of ["a namespace of its own", "the host's namespace"]) {
    it(`has Docker's drop, which is named, for ${place}, and let through as the error says`, async () => {
      const options: { netns?: string } = place === "the host's namespace" ? {} : inNamespace();
      await run("sh", "-c", `nft -f - <<'END'\n${docker}\nEND`);
      undoing.push(() => run("nft", "delete", "table", "ip", "filter"));
      await refuse(
        options,
        /drop what a guest sends out\. the chain FORWARD of the table ip filter drops what no rule accepts/i,
      );
      const error = await catchError(make(options));
      const device = /DOCKER-USER -i (\S+) -j ACCEPT/.exec(error.message)?.[1] ?? "";
      for (const direction of ["iifname", "oifname"])
        await run("nft", "add", "rule", "ip", "filter", "DOCKER-USER", direction, device, "accept");
      const network = await make(options);
      assert.deepEqual([network.state.isProven, network.state.findings], [true, []]);
      const tapNetns = options.netns ?? networks.world().hostNetns;
      const guest = await networks.world().startGuest({ tapNetns, tapName });
      undoing.push(guest.stop);
      assert.equal(await guest.attempt({ address: internet, port: 443 }), "answered");
      // The rest of the foreign table is as it was.
      assert.match(await run("nft", "list", "table", "ip", "filter"), /policy drop/);
      assert.deepEqual((await network.refresh()).findings, []);
    });
  }

  it("has ufw's drop before the task server, which is named", async () => {
    const ufw =
      "table ip filter {\n chain ufw-user-input {\n }\n chain INPUT {\n type filter hook input priority 0; policy drop;\n iifname eth0 accept\n iifname lo accept\n }\n}";
    await run("sh", "-c", `nft -f - <<'END'\n${ufw}\nEND`);
    undoing.push(() => run("nft", "delete", "table", "ip", "filter"));
    await refuse(
      {},
      new RegExp(`sends to the task server\\. .*INPUT .* It is ufw's: ufw allow in on ${tapName}`),
    );
  });

  it("gets a drop while a virtual machine has the TAP, which is told as a finding", async () => {
    const network = await make(inNamespace());
    const guest = await networks.world().startGuest({ tapNetns: inNamespace().netns, tapName });
    undoing.push(guest.stop);
    await run("sh", "-c", `nft -f - <<'END'\n${docker}\nEND`);
    undoing.push(() => run("nft", "delete", "table", "ip", "filter"));
    const { status, findings } = await network.refresh();
    assert.equal(status, "ready");
    assert.match(findings.join(), /the chain FORWARD of the table ip filter/);
  });

  it("lets nobody but root and the named user open the TAP", async () => {
    const open =
      "import fcntl,os,struct\nos.setgid(65534);os.setuid(int(os.environ['ID']))\nt=os.open('/dev/net/tun',os.O_RDWR)\n" +
      `fcntl.ioctl(t,0x400454ca,struct.pack('16sH22x',b'${tapName}',0x1002))\nprint('open')`;
    const tryAs = (id: number): Promise<string> =>
      networks
        .world()
        .run(["env", `ID=${id}`, "python3", "-c", open], inNamespace().netns)
        .catch(String);
    const network = await make(inNamespace());
    assert.match(await tryAs(4711), /PermissionError/);
    await network.remove();
    await make({ ...inNamespace(), tapUid: 4711 });
    assert.match(await tryAs(4711), /open/);
    assert.match(await tryAs(4712), /PermissionError/);
  });

  it("has no nft, whose package is named", () => {
    // A file that may not be run stands in its place, for this one program only.
    const hide = 'mount --bind /dev/null /usr/sbin/nft && exec python3 -IS -c "$1" fc_host.loader';
    const archive = hostArchive();
    const command = JSON.stringify({ op: "network.ensure", args: {} });
    const stdin = Buffer.concat([Buffer.from(`${archive.length}\n`), archive, Buffer.from(`${command}\n`)]);
    const answer = execFileSync("unshare", ["--mount", "sh", "-c", hide, "sh", bootstrapText()], {
      input: stdin,
    });
    const { error } = JSON.parse(answer.toString()) as { error: { message: string; hint: string } };
    assert.equal(error.message, "there is no nft there");
    assert.match(error.hint, /apt-get install nftables/);
  });
});
