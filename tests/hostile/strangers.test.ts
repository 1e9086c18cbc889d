import assert from "node:assert/strict";
import {
  foreignAddress,
  Neighbourhood,
  secondaryAddress,
  stolenAddress,
  type StrangerReport,
  type Whence,
} from "../support/hostile/neighbourhood";
import { archiveWithout, type Removal } from "../support/hostile/withoutProtection";
import { findNamespaceObstacle } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { TaskServer } from "../support/taskServer/taskServer";

const tapIp = "172.16.0.1";

/** Each of the protections taken out by itself, on a server of its own. */
const removals = {
  "the peer check": [
    "peers",
    "def allows(self, peer_ip: str) -> bool:",
    "def allows(self, peer_ip: str) -> bool:\n        return True",
  ],
  "the list of own addresses": ["peers", "peer_ip not in self._own and", ""],
  "the check of the subnet": ["peers", "any(carrier.covers(peer_ip) for carrier in self._carriers)", "True"],
  "the binding to the device": [
    "listener",
    "listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)",
    "pass",
  ],
} satisfies Record<string, Removal>;

type Protection = keyof typeof removals;

describe("Peers that are not the guest", () => {
  let area: Neighbourhood;
  const servers = new Map<Protection | "", TaskServer>();

  before(async function () {
    this.timeout(60_000);
    skipBecause(this, findNamespaceObstacle());
    area = await Neighbourhood.make();
    let tapPort = 8080;
    for (const [name, archive] of [
      ["", undefined] as const,
      ...Object.entries(removals).map(
        ([name, removal]) => [name as Protection, archiveWithout(removal)] as const,
      ),
    ]) {
      const server = new TaskServer({
        identity: { tapIp, tapPort, netns: area.server.name },
        ...(archive === undefined ? {} : { archive }),
      });
      servers.set(name, server);
      await server.deploy();
      await server.submit();
      tapPort += 1;
    }
  });

  after(async function () {
    this.timeout(60_000);
    await Promise.all([...servers.values()].map((server) => server.stop({ remove: true })));
    await area.remove();
  });

  /** Asks the server as it is, or the one without a protection. */
  async function tryFrom(whence: Whence, without: Protection | "" = ""): Promise<StrangerReport> {
    const server = servers.get(without);
    assert.ok(server !== undefined);
    const report = await area.tryFrom(whence, server.identity.tapPort);
    if (without === "") {
      assert.equal(report.received, "", "not a byte is answered");
      assert.equal((await server.status()).queued, 1, "no task is taken");
    }
    return report;
  }

  /** Without the protection the stranger gets the task, token included: so it is what keeps them out. */
  async function assertServedWithout(protection: Protection, whence: Whence): Promise<void> {
    const { received, error } = await tryFrom(whence, protection);
    const server = servers.get(protection);
    assert.ok(server !== undefined && received.includes(server.token), `without ${protection}: ${error}`);
    await server.forgetAll();
    await server.submit();
  }

  const inside = (source?: string): Whence => ({
    netns: area.server.name,
    ...(source === undefined ? {} : { source }),
  });

  it("get nothing as a user of the host, in the server's own namespace, whose address is the TAP's", async () => {
    await tryFrom(inside());
    await tryFrom(inside(tapIp));
    await assertServedWithout("the peer check", inside());
    await assertServedWithout("the list of own addresses", inside(tapIp));
  });

  it("get nothing as a user of the host from a secondary address of the TAP device", async () => {
    await tryFrom(inside(secondaryAddress));
    await assertServedWithout("the list of own addresses", inside(secondaryAddress));
  });

  it("get nothing from an address that was added to the device while the server runs, a second later", async () => {
    await area.server.ip("address", "add", "172.16.0.201/24", "dev", area.server.tapDevice);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await tryFrom(inside("172.16.0.201"));
  });

  it("get nothing as a user of the host from the loopback address, or from another device's", async () => {
    for (const source of ["127.0.0.1", "10.9.0.1"]) await tryFrom(inside(source));
  });

  it("cannot pretend to have an address of the guests' subnet as a user of the host", async () => {
    const { isConnected } = await tryFrom({ ...inside("172.16.0.77"), isFreebind: true });
    assert.equal(isConnected, false);
  });

  it("get nothing as a neighbour on another device who routes to the TAP address: no connection at all", async () => {
    const neighbour = { netns: area.neighbourName };
    assert.equal((await tryFrom(neighbour)).isConnected, false);
    assert.equal((await tryFrom(neighbour, "the binding to the device")).isConnected, true);
  });

  it("get nothing as a neighbour on another device who has taken an address of the guests' subnet", async () => {
    const thief = { netns: area.neighbourName, source: stolenAddress };
    assert.equal((await tryFrom(thief)).isConnected, false);
    await assertServedWithout("the binding to the device", thief);
  });

  it("get nothing on the guests' own link from an address outside its subnet", async () => {
    const stray = { netns: area.server.guestName, source: foreignAddress };
    assert.equal((await tryFrom(stray)).isConnected, true);
    await assertServedWithout("the check of the subnet", stray);
  });

  it("get nothing from another namespace: the address is not there", async () => {
    assert.equal((await tryFrom({ netns: area.unrelatedName })).isConnected, false);
  });

  it("are told from the guest, which gets its task at the same time", async () => {
    const { received } = await area.tryFrom({ netns: area.server.guestName, source: "172.16.0.2" }, 8080);
    assert.match(received, /^HTTP\/1\.1 200 OK/);
    assert.ok(received.includes(servers.get("")?.token ?? "none"));
  });
});
