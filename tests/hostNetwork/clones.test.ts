import assert from "node:assert/strict";
import { worldAddresses } from "../support/network/networkWorld";
import { useNetworks } from "../support/network/useNetworks";

const { internet, dns } = worldAddresses;

describe("clones of one guest", function () {
  this.timeout(60_000);
  const networks = useNetworks();

  it("talk to the outside at once under one address, and not to each other", async () => {
    const names = ["a", "b", "c"].map((suffix) => networks.netnsName(suffix));
    // At once, as Pulumi makes them: their links must not get the same addresses.
    const made = await Promise.all(
      names.map((netns, index) => networks.make({ netns, resolvers: [dns], stableKey: `clone-${index}` })),
    );
    assert.equal(new Set(made.map(({ state }) => state.linkSubnet)).size, 3);
    const guests = await Promise.all(names.map((tapNetns) => networks.world().startGuest({ tapNetns })));
    try {
      const outcomes = await Promise.all(
        guests.flatMap((guest) => [1, 2, 3].map(() => guest.attempt({ address: internet, port: 443 }))),
      );
      assert.deepEqual(new Set(outcomes), new Set(["answered"]));
      for (const { state } of made.slice(1)) {
        const base = state.linkSubnet?.replace(/\d+\/30$/, "") ?? "";
        const first = Number(/(\d+)\/30$/.exec(state.linkSubnet ?? "")?.[1]);
        for (const address of [`${base}${first + 1}`, `${base}${first + 2}`]) {
          assert.equal(await guests[0]?.attempt({ address, port: 8080 }), "silent", address);
        }
      }
    } finally {
      await Promise.all(guests.map((guest) => guest.stop()));
    }
  });

  it("stay apart when they may reach every private address, too", async () => {
    const names = ["a", "b"].map((suffix) => networks.netnsName(suffix));
    const [, second] = await Promise.all(
      names.map((netns, index) =>
        networks.make({
          ...{ netns, resolvers: [dns], stableKey: `clone-${index}` },
          egress: { allow: ["10.0.0.0/8:8080", "172.16.0.0/12:8080"] },
        }),
      ),
    );
    const end = await networks.world().serve(8080, names[1]);
    const guest = await networks.world().startGuest({ tapNetns: names[0] ?? "" });
    try {
      const [link = ""] = second?.state.linkSubnet?.split("/") ?? [];
      const parts = link.split(".").map(Number);
      const address = [...parts.slice(0, 3), (parts[3] ?? 0) + 2].join(".");
      assert.equal(await guest.attempt({ address, port: 8080 }), "silent");
    } finally {
      await guest.stop();
      await end();
    }
  });
});
