import assert from "node:assert/strict";
import { worldAddresses } from "../support/network/networkWorld";
import { useNetworks } from "../support/network/useNetworks";
import { waitFor } from "../support/taskServer/waitFor";
import type { Attempt, Outcome, WorldGuest } from "../support/network/worldGuest";

const { internet, otherInternet, dns, metadata, privates, privateDns } = worldAddresses;
const web = (address: string): Attempt => ({ address, port: 443 });

async function outcomesOf(guest: WorldGuest, attempts: readonly Attempt[]): Promise<Outcome[]> {
  return Promise.all(attempts.map((attempt) => guest.attempt(attempt)));
}

const silent = (attempts: readonly unknown[]): Outcome[] => attempts.map(() => "silent");

/** In both places the same rules hold; without `netns` the host's own addresses are behind the TAP itself. */
for (const place of ["a namespace of its own", "the host's namespace"] as const) {
  describe(`a guest whose TAP is in ${place}`, function () {
    this.timeout(60_000);
    const endings: (() => Promise<void>)[] = [];
    // First, so that guests and servers end before their networks go.
    afterEach(async () => {
      await Promise.all(endings.splice(0).map((end) => end()));
    });
    const networks = useNetworks();
    const options = (name: string): { tapName: string; netns?: string } => ({
      tapName: `t${process.pid}`,
      ...(place === "the host's namespace" ? {} : { netns: networks.netnsName(name) }),
    });
    const startGuest = async (
      overrides: Record<string, unknown>,
    ): Promise<{ guest: WorldGuest; network: Awaited<ReturnType<typeof networks.make>> }> => {
      const own = options("a");
      const network = await networks.make({ resolvers: [dns], ...own, ...overrides });
      const tapNetns = own.netns ?? networks.world().hostNetns;
      return { network, guest: await networks.world().startGuest({ tapNetns, tapName: own.tapName }) };
    };
    const serveTask = (port: number): Promise<() => Promise<void>> =>
      networks.world().serve(port, options("a").netns);

    it("reaches the internet by default, and no neighbour, no metadata, no host, over no protocol", async () => {
      const { guest } = await startGuest({});
      endings.push(guest.stop);
      const allowed = [
        web(internet),
        { address: internet, port: 443, protocol: "udp" as const },
        web(otherInternet),
      ];
      assert.deepEqual(await outcomesOf(guest, allowed), ["answered", "answered", "answered"]);
      const { hostAddress } = networks.world();
      const addresses = [metadata, ...privates, hostAddress, "10.20.0.1", "172.16.0.1", "10.201.0.1"];
      const forbidden = addresses.flatMap((address): Attempt[] => [
        { address, port: 443 },
        { address, port: 80, protocol: "udp" },
      ]);
      assert.deepEqual(await outcomesOf(guest, forbidden), silent(forbidden));
      const arrived = networks.world().arrivals.map(({ to }) => to);
      assert.deepEqual(
        arrived.filter((to) => addresses.includes(to)),
        [],
      );
    });

    it("is seen out there under the host's address only", async () => {
      const { guest } = await startGuest({});
      endings.push(guest.stop);
      assert.equal(await guest.attempt(web(internet)), "answered");
      const { arrivals, hostAddress } = networks.world();
      assert.deepEqual([...new Set(arrivals.map(({ from }) => from))], [hostAddress]);
    });

    it("reaches the task server's port and no other of its host", async () => {
      const { guest } = await startGuest({ egress: "none", taskPort: 8080 });
      endings.push(guest.stop, await serveTask(8080), await serveTask(8081));
      assert.equal(await guest.attempt({ address: "172.16.0.1", port: 8080 }), "answered");
      assert.equal(await guest.attempt({ address: "172.16.0.1", port: 8081 }), "silent");
    });

    it("reaches nothing with egress none, not even a resolver", async () => {
      const { guest } = await startGuest({ egress: "none" });
      endings.push(guest.stop);
      const attempts: Attempt[] = [web(internet), { address: dns, port: 53, protocol: "udp" }, web(metadata)];
      assert.deepEqual(await outcomesOf(guest, attempts), silent(attempts));
    });

    it("asks the resolvers over UDP and TCP, also one in a private network, and nobody else there", async () => {
      const { guest } = await startGuest({ resolvers: [privateDns] });
      endings.push(guest.stop);
      await networks.world().answerName("example.test", [internet]);
      const asked: Attempt[] = [
        { address: privateDns, port: 53, protocol: "udp" },
        { address: privateDns, port: 53, protocol: "tcp" },
      ];
      assert.deepEqual(await outcomesOf(guest, asked), ["answered", "answered"]);
      const others: Attempt[] = [
        { address: privateDns, port: 443 },
        { address: privates[0], port: 53, protocol: "udp" },
      ];
      assert.deepEqual(await outcomesOf(guest, others), silent(others));
    });

    it("reaches exactly the listed addresses, ports and protocols", async () => {
      const allow = [`${internet}:443`, "10.20.0.0/24:8443", `${otherInternet}:80/udp`];
      const { guest } = await startGuest({ egress: { allow } });
      endings.push(guest.stop);
      const allowed: Attempt[] = [
        web(internet),
        { address: privates[0], port: 8443 },
        { address: otherInternet, port: 80, protocol: "udp" },
      ];
      assert.deepEqual(await outcomesOf(guest, allowed), ["answered", "answered", "answered"]);
      const forbidden: Attempt[] = [
        { address: internet, port: 80 },
        { address: internet, port: 443, protocol: "udp" },
        { address: privates[0], port: 443 },
        { address: otherInternet, port: 80, protocol: "tcp" },
        { address: internet, port: 53, protocol: "udp" },
        web(otherInternet),
        web(metadata),
      ];
      assert.deepEqual(await outcomesOf(guest, forbidden), silent(forbidden));
      // An address of the host itself, allowed by name: nobody listens there.
      assert.equal(await guest.attempt({ address: "10.20.0.1", port: 8443 }), "ECONNREFUSED");
    });

    it("cannot send with a source address that is not the guest's", async () => {
      const { guest } = await startGuest({ guestSubnet: "172.16.0.2/32" });
      endings.push(guest.stop);
      for (const source of ["172.16.0.77", "203.0.113.99", "10.20.0.7"]) {
        await networks.world().run(["ip", "address", "add", `${source}/32`, "dev", "eth0"], guest.netns);
        assert.equal(await guest.attempt({ ...web(internet), source }), "silent", source);
      }
      assert.equal(await guest.attempt(web(internet)), "answered");
    });

    it("gets no packet over IPv6 through", async () => {
      const { guest } = await startGuest({});
      endings.push(guest.stop);
      const { run } = networks.world();
      const countDropped = async (): Promise<number> => {
        const listed = await run(["nft", "list", "counters"], options("a").netns);
        return Number(/counter ipv6 \{\s+packets (\d+)/.exec(listed)?.[1]);
      };
      const before = await countDropped();
      const neighbour = ["2001:db8::1", "lladdr", "06:fc:00:00:00:01"];
      await run(["ip", "-6", "route", "add", "default", "dev", "eth0"], guest.netns);
      await run(["ip", "-6", "neighbour", "add", ...neighbour, "dev", "eth0"], guest.netns);
      const send =
        "import socket\nsocket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('2001:db8::1', 9))";
      await run(["python3", "-c", send], guest.netns);
      await waitFor("the packet to be dropped", async () => (await countDropped()) > before || undefined);
    });

    it("is cut off at once when egress changes, in connections that are open too", async () => {
      const { guest, network } = await startGuest({});
      endings.push(guest.stop);
      assert.equal(await guest.attempt({ ...web(internet), holdAs: "stream" }), "answered");
      assert.equal(await guest.useHeld("stream"), "answered");
      await network.update({ egress: { allow: [`${otherInternet}:443`] } });
      assert.equal(await guest.useHeld("stream"), "silent");
      assert.equal(await guest.attempt(web(internet)), "silent");
      assert.equal(await guest.attempt(web(otherInternet)), "answered");
      assert.equal(network.state.isProven, false);
      assert.match(network.state.findings.join(), /have not been probed, since a virtual machine has/);
    });

    it("cannot be reached from outside, but from its host, where a person may log in to it", async () => {
      const { guest } = await startGuest({});
      endings.push(guest.stop, await networks.world().serve(443, guest.netns));
      const { run } = networks.world();
      const outside = `${networks.world().prefix}-out`;
      await run(["ip", "route", "add", "172.16.0.0/24", "via", networks.world().hostAddress], outside);
      endings.push(async () => {
        await run(["ip", "route", "delete", "172.16.0.0/24"], outside);
      });
      const code =
        "import socket\ntry:\n socket.create_connection(('172.16.0.2',443),0.7);print('in')\nexcept OSError:\n print('out')";
      assert.equal((await run(["python3", "-c", code], outside)).trim(), "out");
      assert.equal((await run(["python3", "-c", code], options("a").netns)).trim(), "in");
    });
  });
}
