import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { networkNameOf } from "../../../provider/hostNetwork/hostNetworkContract";
import { stateRoot } from "../../../tests/support/namespace";
import { worldAddresses } from "../../../tests/support/network/networkWorld";
import type { Bench } from "../bench";
import type { BenchRow } from "../benchRow";
import { GuestHost } from "../guestHost";
import { sumMemory, type Memory } from "../processMemory";
import { startProvider } from "../providerProcess";
import { figure, formatMiB, median } from "../statistics";

const repetitions = 5;
const modelName = "model.example";

/** What stays on the host for each guest beside Firecracker itself: its keeper, and who refreshes its network's names. */
export function measureGuestMemory(bench: Bench): Promise<BenchRow[]> {
  return bench.undo.around(async (defer) => {
    const provider = await startProvider(defer);
    const host = await GuestHost.open(bench, "guests", provider, defer);
    if (host === undefined) return [];
    await host.world.answerName(modelName, [worldAddresses.internet]);
    await host.createNetwork("g1", {
      egress: { allow: [`${modelName}:443`] },
      resolvers: [worldAddresses.dns],
    });
    const network = networkNameOf({ netns: `${host.world.prefix}-g1`, tapName: "tap0" });
    const keepers: Memory[] = [];
    const refreshers: Memory[] = [];
    for (let index = 0; index < repetitions; index += 1) {
      bench.say(`memory beside a guest: ${index + 1} of ${repetitions}`);
      const vm = await provider.create("MicroVm", host.bootInputs("g1"));
      keepers.push(sumMemory([readPid("vms", String(vm.outs.vmId), "keeper.pid")]));
      refreshers.push(sumMemory([readPid("networks", network, "refresher.json")]));
      await provider.remove("MicroVm", vm);
    }
    return [
      describe("memory beside a guest: what keeps its console and its end", keepers),
      describe("memory beside a guest: what keeps names of its `egress` up to date", refreshers),
    ];
  });
}

function readPid(...path: string[]): number {
  const text = readFileSync(join(stateRoot, ...path), "utf8");
  return z.object({ pid: z.number() }).parse(JSON.parse(text)).pid;
}

function describe(what: string, samples: readonly Memory[]): BenchRow {
  const [rss, pss] = [samples.map(({ rssBytes }) => rssBytes), samples.map(({ pssBytes }) => pssBytes)];
  return {
    what,
    reference: "–",
    ours: `${formatMiB(median(rss))} (PSS ${formatMiB(median(pss))})`,
    budget: "–",
    remarks: `${repetitions} times; one process, RSS and PSS`,
    figures: { rss: figure("bytes", rss), pss: figure("bytes", pss) },
  };
}
