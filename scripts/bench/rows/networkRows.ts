import { findWorldObstacle, makeNetworkWorld } from "../../../tests/support/network/networkWorld";
import type { Bench } from "../bench";
import { repetitions, type BenchRow } from "../benchRow";
import { startProvider } from "../providerProcess";
import { NetworkByHand } from "../reference/networkByHand";
import { openSsh } from "../reference/openSsh";
import { figure, formatMs, median, monotonicMs } from "../statistics";

interface Times {
  make: number[];
  observe: number[];
  remove: number[];
}

/** A guest's network, with a namespace of its own: made, looked at and removed. */
export function measureNetwork(bench: Bench): Promise<BenchRow[]> {
  return bench.undo.around(async (defer) => {
    const obstacle = findWorldObstacle();
    if (obstacle !== undefined) {
      bench.say(`network: skipped, since ${obstacle}`);
      return [];
    }
    const world = await makeNetworkWorld();
    defer(() => world.remove());
    const provider = await startProvider(defer);
    const inputs = {
      connection: world.connection(),
      netns: `${world.prefix}-net`,
      stableKey: `bench::network-${world.prefix}`,
    };
    const byHand = new NetworkByHand(await openSsh(world.sshd), `${world.prefix}-hand`, world.uplink);
    const ours = noTimes();
    const hand = noTimes();
    // The first one loads the package and dials, as some resource does in each `pulumi up`.
    const first = await provider.create("HostNetwork", inputs);
    await provider.remove("HostNetwork", first);
    for (let index = 0; index < repetitions; index += 1) {
      bench.say(`network: ${index + 1} of ${repetitions}`);
      const created = await provider.create("HostNetwork", inputs);
      const seen = await provider.read("HostNetwork", created);
      const removed = await provider.remove("HostNetwork", created);
      ours.make.push(created.endedAt - created.startedAt);
      ours.observe.push(seen.endedAt - seen.startedAt);
      ours.remove.push(removed.endedAt - removed.startedAt);
      hand.make.push(await time(() => byHand.make()));
      hand.observe.push(await time(() => byHand.observe()));
      hand.remove.push(await time(() => byHand.remove()));
    }
    return describe(ours, hand);
  });
}

function noTimes(): Times {
  return { make: [], observe: [], remove: [] };
}

async function time(work: () => Promise<void>): Promise<number> {
  const startedAt = monotonicMs();
  await work();
  return monotonicMs() - startedAt;
}

function describe(ours: Times, hand: Times): BenchRow[] {
  const row = (verb: keyof Times, what: string, remarks: string): BenchRow => ({
    what,
    reference: formatMs(median(hand[verb])),
    ours: `${formatMs(median(ours[verb]))}, ${(median(ours[verb]) / median(hand[verb])).toFixed(2)} ×`,
    budget: "–",
    remarks: `${repetitions} times each, alternately, ours with the connection open; ${remarks}`,
    figures: { ours: figure("ms", ours[verb]), reference: figure("ms", hand[verb]) },
  });
  return [
    row(
      "make",
      "a guest's network made: namespace, veth pair, TAP, NAT, rules",
      "by hand five calls of `ip`, `sysctl` and `nft`, with three rules and neither checks nor records; ours proves by packets that its rules hold",
    ),
    row("observe", "the same looked at", "by hand two calls, whose output nobody compares"),
    row("remove", "the same removed", "by hand two calls"),
  ];
}
