import assert from "node:assert/strict";
import { hostNetworkChanges, networkNameOf } from "../../provider/hostNetwork/hostNetworkContract";
import { hostNetworkLifecycle } from "../../provider/hostNetwork/hostNetworkLifecycle";
import { unknownValue } from "../../provider/validation/unknownValue";
import { networkInputs } from "./hostNetworkInputs";

type Checked = { inputs: Record<string, unknown>; failures: { property: string; reason: string }[] };

async function check(overrides: Record<string, unknown> = {}): Promise<Checked> {
  return (await hostNetworkLifecycle.check({}, networkInputs(overrides))) as Checked;
}

const netns = "fc-1";

describe("the check of HostNetwork", () => {
  it("fills in the defaults", async () => {
    const { inputs, failures } = await check();
    assert.deepEqual(failures, []);
    const { tapName, hostIp, prefix, tapMac, tapUid, taskPort, egress, takeOver, ...rest } = inputs;
    assert.deepEqual(
      { tapName, hostIp, prefix, tapMac, tapUid, taskPort, egress, takeOver },
      {
        tapName: "tap0",
        hostIp: "172.16.0.1",
        prefix: 24,
        tapMac: "06:fc:00:00:00:01",
        tapUid: 60_700,
        taskPort: 8080,
        egress: "internet",
        takeOver: false,
      },
    );
    assert.deepEqual(Object.keys(rest).sort(), ["connection", "deleteUnreachable", "stableKey"]);
  });

  const bad: [string, Record<string, unknown>, string, RegExp][] = [
    ["a TAP name of 16 characters", { tapName: "t".repeat(16) }, "tapName", /at most 15/],
    ["a TAP name with a slash", { tapName: "a/b" }, "tapName", /got `a\/b`/],
    ["a TAP name with a blank", { tapName: "a b" }, "tapName", /network device/],
    ["the loopback device's name", { tapName: "lo" }, "tapName", /network device/],
    ["a TAP name that looks like an option", { tapName: "-x" }, "tapName", /not starting with -/],
    ["a TAP name with shell characters", { tapName: "$(id)" }, "tapName", /network device/],
    ["the name of the link's end", { netns, tapName: "uplink0" }, "tapName", /that of the link/],
    ["the uplink as TAP", { tapName: "eth0", uplink: "eth0" }, "tapName", /another name than `uplink`/],
    ["an IPv6 hostIp", { hostIp: "fd00::1" }, "hostIp", /an IPv4 address/],
    ["a loopback hostIp", { hostIp: "127.0.0.1" }, "hostIp", /not a loopback/],
    ["a multicast hostIp", { hostIp: "224.0.0.5" }, "hostIp", /multicast/],
    ["the network's address as hostIp", { hostIp: "172.16.0.0" }, "hostIp", /the network's own address/],
    [
      "the broadcast address as hostIp",
      { hostIp: "172.16.0.255" },
      "hostIp",
      /broadcast address of 172\.16\.0\.0\/24/,
    ],
    ["a prefix without room for a guest", { prefix: 31 }, "prefix", /from 8 to 30, got `31`/],
    [
      "a guestSubnet with host bits",
      { guestSubnet: "172.16.0.5/28" },
      "guestSubnet",
      /starts at its first address/,
    ],
    [
      "a guestSubnet elsewhere",
      { guestSubnet: "10.0.0.0/24" },
      "guestSubnet",
      /within the TAP device's network/,
    ],
    ["a guestSubnet that is the host's", { guestSubnet: "172.16.0.1/32" }, "guestSubnet", /other addresses/],
    ["a guestSubnet that is an address", { guestSubnet: "172.16.0.2" }, "guestSubnet", /an IPv4 network/],
    ["a group's MAC address", { tapMac: "01:00:5e:00:00:01" }, "tapMac", /of one device/],
    ["a MAC address of zeros", { tapMac: "00:00:00:00:00:00" }, "tapMac", /all zeros/],
    ["a MAC address with dashes", { tapMac: "06-fc-00-00-00-01" }, "tapMac", /of one device/],
    ["a negative user", { tapUid: -1 }, "tapUid", /from 0 to/],
    ["a netns with a slash", { netns: "a/b" }, "netns", /name of a network namespace/],
    ["a vethSubnet without netns", { vethSubnet: "10.201.0.0/30" }, "vethSubnet", /absent without `netns`/],
    ["a vethSubnet that is no /30", { netns, vethSubnet: "10.201.0.0/29" }, "vethSubnet", /a \/30/],
    ["a vethSubnet with host bits", { netns, vethSubnet: "10.201.0.1/30" }, "vethSubnet", /first address/],
    ["a vethSubnet in the TAP's", { netns, vethSubnet: "172.16.0.4/30" }, "vethSubnet", /apart from/],
    ["an IPv6 vethSubnet", { netns, vethSubnet: "fd00::/126" }, "vethSubnet", /a \/30 of IPv4/],
    ["a task port below 1024", { taskPort: 80 }, "taskPort", /from 1024 to 65535/],
    [
      "an egress that is unknown",
      { egress: "all" },
      "egress",
      /`internet`, `none`, or an object with `allow`/,
    ],
    ["an egress with another option", { egress: { deny: [] } }, "egress", /`allow` only, got `deny`/],
    ["an egress whose list is none", { egress: { allow: "x:1" } }, "egress", /an array of strings/],
    [
      "an allowed name without a port",
      { egress: { allow: ["example.com"] } },
      "egress.allow.0",
      /with a port/,
    ],
    ["an allowed port 0", { egress: { allow: ["example.com:0"] } }, "egress.allow.0", /from 1 to 65535/],
    ["an allowed URL", { egress: { allow: ["https://a.com:443"] } }, "egress.allow.0", /IPv4|a name/],
    ["an allowed IPv6 address", { egress: { allow: ["[::1]:443"] } }, "egress.allow.0", /no IPv6/],
    [
      "an allowed network with host bits",
      { egress: { allow: ["10.1.2.3/24:443"] } },
      "egress.allow.0",
      /first address/,
    ],
    [
      "an allowed address out of range",
      { egress: { allow: ["10.1.2.256:443"] } },
      "egress.allow.0",
      /a name, an/,
    ],
    ["an allowed wildcard", { egress: { allow: ["*.example.com:443"] } }, "egress.allow.0", /a name, an/],
    [
      "an allowed name with rules in it",
      { egress: { allow: ['a"; flush ruleset:1'] } },
      "egress.allow.0",
      /a name/,
    ],
    ["a resolver on the loopback", { resolvers: ["127.0.0.53"] }, "resolvers.0", /not a loopback/],
    ["a resolver by name", { resolvers: ["dns.example"] }, "resolvers.0", /IPv4 address/],
    ["too many resolvers", { resolvers: Array(9).fill("9.9.9.9") }, "resolvers", /at most 8/],
    ["an uplink that is no device", { uplink: "eth0;id" }, "uplink", /network device/],
    ["no connection", { connection: undefined }, "connection", /connection/],
  ];
  for (const [name, overrides, property, message] of bad) {
    it(`refuses ${name}`, async () => {
      const { failures } = await check(overrides);
      assert.deepEqual(
        failures.map((failure) => failure.property),
        [property],
      );
      assert.match(failures[0]?.reason ?? "", message);
    });
  }

  for (const entry of [
    "api.anthropic.com:443",
    "10.1.2.0/24:443",
    "10.1.2.3:53/udp",
    "localhost:1",
    "EXAMPLE.com.:443/tcp",
  ]) {
    it(`takes the allowed ${entry}`, async () => {
      assert.deepEqual((await check({ egress: { allow: [entry] } })).failures, []);
    });
  }

  it("reports everything at once", async () => {
    const { failures } = await check({
      tapName: "",
      prefix: 0,
      tapMac: "x",
      netns: "a b",
      egress: { allow: ["x", "a.example:443", "y"] },
    });
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "egress.allow.0",
      "egress.allow.2",
      "netns",
      "prefix",
      "tapMac",
      "tapName",
    ]);
  });

  it("accepts every input as long as it is unknown", async () => {
    const names = Object.keys(hostNetworkChanges).filter((name) => !name.includes("."));
    const { failures } = await check(Object.fromEntries(names.map((name) => [name, unknownValue])));
    assert.deepEqual(failures, []);
    assert.deepEqual((await check({ egress: { allow: [unknownValue, "a.example:443"] } })).failures, []);
  });
});

async function stateWith(overrides: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const { inputs } = await check({ netns: "fc-1" });
  return {
    ...inputs,
    status: "ready",
    faults: [],
    findings: [],
    isProven: true,
    resolverIps: [],
    ...overrides,
  };
}

const connection = networkInputs()["connection"] as Record<string, unknown>;

/** For each row of the diff table another value of that input. */
const otherValues: Record<string, Record<string, unknown>> = {
  "connection.host": { connection: { ...connection, host: "other.example.com" } },
  "connection.port": { connection: { ...connection, port: 2222 } },
  "connection.user": { connection: { ...connection, user: "admin" } },
  "connection.sudo": { connection: { ...connection, sudo: true } },
  connection: { connection: { ...connection, dialErrorLimit: 3 } },
  deleteUnreachable: { deleteUnreachable: true },
  takeOver: { takeOver: true },
  tapName: { tapName: "tap1" },
  netns: { netns: "fc-2" },
  tapUid: { tapUid: 1000 },
  tapGid: { tapGid: 1000 },
  vethSubnet: { vethSubnet: "10.9.9.0/30" },
  hostIp: { hostIp: "172.16.0.9" },
  prefix: { prefix: 25 },
  guestSubnet: { guestSubnet: "172.16.0.2/32" },
  tapMac: { tapMac: "06:fc:00:00:00:02" },
  taskPort: { taskPort: 8081 },
  egress: { egress: "none" },
  resolvers: { resolvers: ["9.9.9.9"] },
  uplink: { uplink: "eth1" },
};

describe("the diff of HostNetwork", () => {
  for (const [property, effect] of Object.entries(hostNetworkChanges)) {
    it(`takes another ${property} as: ${effect}`, async () => {
      const news = networkInputs({ netns, ...otherValues[property] });
      const { changes, replaces } = await hostNetworkLifecycle.diff("id", await stateWith(), news);
      assert.equal(changes, true);
      assert.deepEqual(replaces, effect === "replace" ? [property.split(".")[0]] : []);
    });
  }

  it("sees no change in inputs that only leave out their defaults", async () => {
    const news = networkInputs({ netns, tapName: "tap0", egress: "internet", tapMac: "06:FC:00:00:00:01" });
    assert.equal((await hostNetworkLifecycle.diff("id", await stateWith(), news)).changes, false);
  });

  for (const status of ["degraded", "absent"]) {
    it(`wants an update of a network that is ${status}`, async () => {
      const state = await stateWith({ status });
      const { changes, replaces } = await hostNetworkLifecycle.diff("id", state, networkInputs({ netns }));
      assert.equal(changes, true);
      assert.deepEqual(replaces, []);
    });
  }
});

describe("networkNameOf", () => {
  it("gives two stacks that declare the same device one name, and a namespace another one than none", () => {
    assert.equal(networkNameOf({ tapName: "tap0" }), networkNameOf({ tapName: "tap0" }));
    assert.notEqual(networkNameOf({ tapName: "tap0" }), networkNameOf({ tapName: "tap0", netns: "null" }));
    assert.match(networkNameOf({ tapName: "tap0" }), /^net-[0-9a-f]{12}$/);
  });
});
