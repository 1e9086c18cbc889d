import * as z from "zod";
import type { Bench } from "../bench";
import type { BenchRow } from "../benchRow";
import { queueTasks } from "../controlSocket";
import { startOurs, startReference, type LoadedServer } from "../loadedServer";
import { startProgram } from "../startProgram";
import { figure, median } from "../statistics";
import type { Defer } from "../undo";

const guests = 8;
const seconds = 5;
const maxRounds = 3;
/** All that the server queues. */
const queuedTasks = 10_000;
const budget = 1500;

const doneSchema = z.object({ windows: z.array(z.number()), refused: z.number() });

/** Small results from guests that do nothing else, in each second of a load. */
export async function measureThroughput(bench: Bench): Promise<BenchRow[]> {
  bench.say(`small results a second: ours, with ${queuedTasks} tasks queued`);
  const ours = await measureLoad(bench, startOurs, (round) =>
    queueTasks(bench.host.loopback, queuedTasks, `throughput-${round}`),
  );
  bench.say("small results a second: the reference");
  const reference = await measureLoad(bench, startReference);
  return [
    {
      what: `small results per second, ${guests} guests`,
      reference: `${Math.round(median(reference))}, not synced`,
      ours: `${Math.round(median(ours))}, stored durably`,
      budget: `≥ ${budget}`,
      isMet: median(ours) >= budget,
      remarks:
        `${ours.length} and ${reference.length} seconds under load; each result is a GET and a POST; connections are ` +
        "kept alive where the server does it, which the reference does not",
      figures: { ours: figure("1/s", ours), reference: figure("1/s", reference) },
    },
  ];
}

/** Loads a fresh server, again with fresh tasks where they run out, until there are as many whole seconds as wanted. */
function measureLoad(
  bench: Bench,
  start: (bench: Bench, defer: Defer) => Promise<LoadedServer>,
  prepare?: (round: number) => Promise<void>,
): Promise<number[]> {
  return bench.undo.around(async (defer) => {
    await start(bench, defer);
    const { onGuest, tapIp, tapPort } = bench.host.loopback;
    const measured: number[] = [];
    for (let round = 0; round < maxRounds && measured.length < seconds; round += 1) {
      await prepare?.(round);
      const load = startProgram(defer, onGuest, "many_guests.py", [tapIp, tapPort, guests, seconds]);
      const { windows, refused } = doneSchema.parse(await load.next("done"));
      if (refused > 0) bench.say(`  ${refused} results were refused`);
      measured.push(...windows);
    }
    return measured;
  });
}
