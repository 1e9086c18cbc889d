import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { Bench } from "../bench";
import type { BenchRow, Figure } from "../benchRow";
import { queueTasks } from "../controlSocket";
import { startOurs, startReference, type LoadedServer } from "../loadedServer";
import { countThreads } from "../processMemory";
import { startProgram } from "../startProgram";
import { figure, formatMs, percentile } from "../statistics";
import type { Defer } from "../undo";

const idle = 500;
const slow = 500;
const requests = 150;
const budgetMs = 50;
/** Until those that send a byte a second have all sent one. */
const settleMs = 1500;

const timesSchema = z.object({ head: z.array(z.number()), get: z.array(z.number()) });

interface Measured {
  head: number[];
  get: number[];
  threads: number;
}

/** How an honest guest is served beside a thousand connections that only cost something. */
export async function measureCrowd(bench: Bench): Promise<BenchRow[]> {
  bench.say(`a crowd of ${idle} idle and ${slow} slow connections: ours`);
  const ours = await measureBesideCrowd(bench, startOurs, () =>
    queueTasks(bench.host.loopback, requests, "crowd"),
  );
  bench.say("the same crowd: the reference");
  const reference = await measureBesideCrowd(bench, startReference);
  const longest = percentile([...ours.head, ...ours.get], 100);
  return [
    {
      what: `${idle} idle connections and ${slow} that send a byte a second: an honest guest waits (p50 / p99 / longest)`,
      reference: describe(reference),
      ours: describe(ours),
      budget: `≤ ${formatMs(budgetMs)}, no thread each`,
      isMet: longest <= budgetMs,
      remarks: `HEAD /task and GET with a task queued, ${requests} times each; the budget is for the longest`,
      figures: {
        ...figures("ours", ours),
        ...figures("reference", reference),
      },
    },
  ];
}

function measureBesideCrowd(
  bench: Bench,
  start: (bench: Bench, defer: Defer) => Promise<LoadedServer>,
  prepare?: () => Promise<void>,
): Promise<Measured> {
  return bench.undo.around(async (defer) => {
    const { pids } = await start(bench, defer);
    await prepare?.();
    const { onGuest, tapIp, tapPort } = bench.host.loopback;
    const crowd = startProgram(defer, onGuest, "crowd.py", [tapIp, tapPort, idle, slow]);
    await crowd.next("ready");
    await sleep(settleMs);
    const guest = startProgram(defer, onGuest, "time_requests.py", [tapIp, tapPort, requests]);
    const { head, get } = timesSchema.parse(await guest.next("done"));
    const threads = pids.map(countThreads).reduce((sum, count) => sum + count, 0);
    return { head, get, threads };
  });
}

function describe({ head, get, threads }: Measured): string {
  const spread = (times: readonly number[]): string =>
    [50, 99, 100].map((percent) => percentile(times, percent).toFixed(1)).join(" / ");
  return `HEAD ${spread(head)} ms, GET ${spread(get)} ms; ${threads} threads`;
}

function figures(name: string, { head, get, threads }: Measured): Record<string, Figure> {
  return {
    [`${name}Head`]: figure("ms", head),
    [`${name}Get`]: figure("ms", get),
    [`${name}Threads`]: figure("threads", [threads]),
  };
}
