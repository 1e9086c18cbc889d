import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { networkNameOf } from "../../provider/hostNetwork/hostNetworkContract";
import { catchError } from "../support/catchError";
import { stateRoot } from "../support/namespace";
import { worldAddresses } from "../support/network/networkWorld";
import { type MadeNetwork, useNetworks } from "../support/network/useNetworks";
import type { WorldGuest } from "../support/network/worldGuest";
import { waitFor } from "../support/taskServer/waitFor";

const { internet, otherInternet, dns, privates } = worldAddresses;
const tapName = `t${process.pid}`;

describe("names in egress.allow", function () {
  this.timeout(60_000);
  const networks = useNetworks();
  const guests: WorldGuest[] = [];
  const make = (allow: readonly string[]): Promise<MadeNetwork> =>
    networks.make({ tapName, netns: networks.netnsName("a"), resolvers: [dns], egress: { allow } });
  const startGuest = async (): Promise<WorldGuest> => {
    const guest = await networks.world().startGuest({ tapNetns: networks.netnsName("a"), tapName });
    guests.push(guest);
    return guest;
  };
  const readRefresher = (): { pid: number } => {
    const name = networkNameOf({ tapName, netns: networks.netnsName("a") });
    return JSON.parse(readFileSync(`${stateRoot}/networks/${name}/refresher.json`, "utf8")) as {
      pid: number;
    };
  };
  const isRunning = (pid: number): boolean => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };

  it("open the named port of their addresses, and are followed when those change", async () => {
    await networks.world().answerName("api.test", [internet], 1);
    const network = await make(["api.test:443"]);
    assert.equal(network.state.isProven, true);
    const guest = await startGuest();
    assert.equal(await guest.attempt({ address: internet, port: 443, holdAs: "stream" }), "answered");
    assert.equal(await guest.attempt({ address: internet, port: 80 }), "silent");
    assert.equal(await guest.attempt({ address: otherInternet, port: 443 }), "silent");
    await networks.world().answerName("api.test", [otherInternet], 1);
    await waitFor("the new address to be open", async () => {
      return (await guest.attempt({ address: otherInternet, port: 443 })) === "answered" || undefined;
    });
    await waitFor(
      "the old address to be closed",
      async () => (await guest.attempt({ address: internet, port: 443 })) === "silent" || undefined,
      20_000,
    );
    // What was open stays open: an answer that is being streamed must not break because a name got another address.
    assert.equal(await guest.useHeld("stream"), "answered");
    assert.equal((await network.refresh()).status, "ready");
    guests.splice(0);
    await guest.stop();
  });

  it("take an answer that is too long for a datagram", async () => {
    const many = Array.from({ length: 60 }, (_, index) => `203.0.113.${100 + index}`);
    await networks.world().answerName("many.test", [...many, internet]);
    await make(["many.test:443"]);
    const guest = await startGuest();
    assert.equal(await guest.attempt({ address: internet, port: 443 }), "answered");
    await guest.stop();
  });

  it("stay closed where they lead into a private network", async () => {
    await networks.world().answerName("inner.test", [privates[0]]);
    const error = await catchError(make(["inner.test:443"]));
    assert.match(
      error.message,
      /inner\.test leads to 10\.20\.0\.2, which is not on the internet and stays closed/,
    );
  });

  it("say why they have no address", async () => {
    await networks.world().failName("broken.test", 2);
    const error = await catchError(make(["broken.test:443"]));
    assert.match(error.message, /broken\.test has no address: 203\.0\.113\.53: it failed/);
    assert.match(error.message, /Correct the entry in `egress.allow`, or `resolvers`/);
  });

  it("have a process that follows them, whose death a refresh sees and an update mends", async () => {
    await networks.world().answerName("api.test", [internet], 1);
    const network = await make(["api.test:443"]);
    const { pid } = readRefresher();
    assert.ok(isRunning(pid));
    await network.update({ taskPort: 9000 });
    assert.equal(readRefresher().pid, pid);
    process.kill(pid, "SIGKILL");
    await waitFor("its end", () => !isRunning(pid) || undefined);
    assert.match(
      (await network.refresh()).faults.join(),
      /process that keeps the addresses of names up to date/,
    );
    await network.update();
    const next = readRefresher().pid;
    assert.ok(next !== pid && isRunning(next));
    await network.update({ egress: "internet" });
    assert.ok(!isRunning(next));
  });

  it("leave no process when the network goes", async () => {
    await networks.world().answerName("api.test", [internet], 1);
    const network = await make(["api.test:443"]);
    const { pid } = readRefresher();
    await network.remove();
    assert.ok(!isRunning(pid));
  });

  it("are told in findings when their server does not answer any more", async () => {
    await networks.world().answerName("api.test", [internet], 1);
    const network = await make(["api.test:443"]);
    await networks.world().failName("api.test", 3);
    const findings = await waitFor("a finding", async () => {
      const { findings: seen } = await network.refresh();
      return seen.length > 0 ? seen : undefined;
    });
    assert.match(findings.join(), /the name api\.test has no address: there is no such name/);
    assert.equal(network.state.status, "ready");
  });
});
