import assert from "node:assert/strict";
import { withNetwork } from "../../provider/microVm/withNetwork";

const connection = { host: "fc.example.com" };
const network = { declared: { netns: "fc-1", tapName: "tap7" } };
const restore = { snapshotPath: "/s/state", memBackend: { path: "/s/memory" } };

describe("The network of a MicroVm", () => {
  it("gives it its namespace and a card on its TAP device", () => {
    const { netns, networkInterfaces } = withNetwork({ connection, network });
    assert.equal(netns, "fc-1");
    assert.deepEqual(networkInterfaces, [
      { ifaceId: "eth0", hostDevName: "tap7", guestMac: "06:fc:00:00:00:02" },
    ]);
  });

  it("has the default TAP device where it names none", () => {
    const { networkInterfaces } = withNetwork({ connection, network: { declared: {} } });
    assert.deepEqual(networkInterfaces, [
      { ifaceId: "eth0", hostDevName: "tap0", guestMac: "06:fc:00:00:00:02" },
    ]);
  });

  it("leaves what is declared beside it as it is", () => {
    const networkInterfaces = [{ ifaceId: "net", hostDevName: "tap1" }];
    const answer = withNetwork({ connection, network, netns: "other", networkInterfaces });
    assert.deepEqual([answer.netns, answer.networkInterfaces], ["other", networkInterfaces]);
  });

  it("gives a VM that is restored its namespace only: the cards are in the snapshot", () => {
    const answer = withNetwork({ connection, network, restore });
    assert.deepEqual([answer.netns, answer.networkInterfaces], ["fc-1", undefined]);
  });

  it("is not needed", () => {
    assert.deepEqual(withNetwork({ connection, netns: "fc-2" }), { connection, netns: "fc-2" });
  });
});
