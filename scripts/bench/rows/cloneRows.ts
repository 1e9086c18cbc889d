import type { Bench } from "../bench";
import type { BenchRow } from "../benchRow";
import { GuestHost } from "../guestHost";
import { startProvider, type ProviderProcess } from "../providerProcess";
import { figure, formatMs, median, monotonicMs } from "../statistics";

const counts = [1, 4] as const;
const repetitions = 5;

interface Times {
  /** From the start of the first microVM until the last result is in the outputs. */
  result: number[];
  /** Of these, until the last microVM runs. */
  running: number[];
  /** Of these, until the last task is with its guest. */
  claimed: number[];
}

interface Measured {
  count: number;
  booted: Times;
  restored: Times;
}

/** How long a guest takes from nothing to its result, restored and booted, alone and several at once. */
export function measureClones(bench: Bench): Promise<BenchRow[]> {
  return bench.undo.around(async (defer) => {
    const provider = await startProvider(defer);
    const host = await GuestHost.open(bench, "clones", provider, defer);
    if (host === undefined) return [];
    bench.say("clones: baking a guest, and networks and servers for four");
    const snapshot = await host.bake();
    const places = Array.from({ length: Math.max(...counts) }, (_, index) => `c${index + 1}`);
    for (const place of places) {
      await host.createNetwork(place);
      await host.createServer(place);
    }
    const all = counts.map((count): Measured => ({ count, booted: noTimes(), restored: noTimes() }));
    for (let round = 0; round < repetitions; round += 1) {
      for (const { count, booted, restored } of all) {
        bench.say(
          `${count} guest${count === 1 ? "" : "s"} from nothing to the result: ${round + 1} of ${repetitions}`,
        );
        const some = places.slice(0, count);
        const name = `${round}-${count}`;
        const restore = (place: string): object => host.restoreInputs(place, snapshot);
        await measure(provider, host, some, `restored-${name}`, restore, restored);
        await measure(provider, host, some, `booted-${name}`, (place) => host.bootInputs(place), booted);
      }
    }
    return all.map((measured) => describe(measured, host.machine));
  });
}

function noTimes(): Times {
  return { result: [], running: [], claimed: [] };
}

async function measure(
  provider: ProviderProcess,
  host: GuestHost,
  places: readonly string[],
  name: string,
  inputsOf: (place: string) => object,
  times: Times,
): Promise<void> {
  const runs = Promise.all(places.map((place) => host.run(place, `${name}-${place}`)));
  // Awaited below; should a microVM fail before, that is the error to be told.
  runs.catch(() => undefined);
  const vms = await Promise.all(places.map((place) => provider.create("MicroVm", inputsOf(place))));
  const startedAt = Math.min(...vms.map((vm) => vm.startedAt));
  times.running.push(Math.max(...vms.map((vm) => vm.endedAt)) - startedAt);
  const ended = await runs;
  times.claimed.push(Math.max(...ended.map(({ outs }) => monotonicOf(String(outs.claimedAt)))) - startedAt);
  times.result.push(Math.max(...ended.map((run) => run.endedAt)) - startedAt);
  await Promise.all(vms.map((vm) => provider.remove("MicroVm", vm)));
}

/** A time of day on the clock that the other figures are of. */
function monotonicOf(iso: string): number {
  return Date.parse(iso) - Date.now() + monotonicMs();
}

function describe({ count, booted, restored }: Measured, machine: string): BenchRow {
  const words = ({ result, running, claimed }: Times): string =>
    `${formatMs(median(result))} (runs after ${formatMs(median(running))}, asks after ${formatMs(median(claimed))})`;
  return {
    what: count === 1 ? "a guest's result, from nothing" : `${count} guests at once, until the last result`,
    reference: `booted: ${words(booted)}`,
    ours: `restored: ${words(restored)}`,
    budget: "–",
    remarks:
      `${repetitions} times each, alternately; ${machine}; network and task server stand, the task is queued, and the ` +
      "stand-in agent takes no time; from the microVM's start until `AgentRun` has the result",
    figures: {
      restored: figure("ms", restored.result),
      restoredRunning: figure("ms", restored.running),
      restoredClaimed: figure("ms", restored.claimed),
      booted: figure("ms", booted.result),
      bootedRunning: figure("ms", booted.running),
      bootedClaimed: figure("ms", booted.claimed),
    },
  };
}
