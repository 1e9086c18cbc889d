import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "../bench";
import type { BenchRow, Figure } from "../benchRow";
import { startIdleReference, startOurs, type LoadedServer } from "../loadedServer";
import { sumMemory, type Memory } from "../processMemory";
import { startGuests } from "../startGuests";
import { figure, formatMiB, median } from "../statistics";
import type { Defer } from "../undo";

const guests = 64;
const repetitions = 5;
/** Until all guests have asked. */
const settleMs = 1500;
const budgetBytes = 35 * 1024 ** 2;

interface Measured {
  idle: Memory;
  polled: Memory;
}

/** What one server takes, parent and worker together, idle and with many guests that wait for a task. */
export async function measureMemory(bench: Bench): Promise<BenchRow[]> {
  const ours: Measured[] = [];
  const reference: Measured[] = [];
  for (let index = 0; index < repetitions; index += 1) {
    bench.say(`memory: ${index + 1} of ${repetitions}`);
    ours.push(await measureServer(bench, startOurs));
    reference.push(await measureServer(bench, startIdleReference));
  }
  const rss = (of: (measured: Measured) => Memory, all: Measured[]): number[] =>
    all.map((measured) => of(measured).rssBytes);
  const pss = (of: (measured: Measured) => Memory, all: Measured[]): number[] =>
    all.map((measured) => of(measured).pssBytes);
  const row = (what: string, of: (measured: Measured) => Memory): BenchRow => {
    const figures: Record<string, Figure> = {
      ours: figure("bytes", rss(of, ours)),
      oursPss: figure("bytes", pss(of, ours)),
      reference: figure("bytes", rss(of, reference)),
      referencePss: figure("bytes", pss(of, reference)),
    };
    const sizes = (all: Measured[]): string =>
      `${formatMiB(median(rss(of, all)))} (PSS ${formatMiB(median(pss(of, all)))})`;
    return {
      what,
      reference: sizes(reference),
      ours: sizes(ours),
      budget: `≤ ${formatMiB(budgetBytes)}`,
      isMet: median(rss(of, ours)) <= budgetBytes,
      remarks: `${repetitions} servers each; sum of RSS, and of PSS, of parent and worker; the reference is one process`,
      figures,
    };
  };
  return [
    row("memory of one server, idle (RSS, all its processes)", ({ idle }) => idle),
    row(`the same, with ${guests} guests that poll`, ({ polled }) => polled),
  ];
}

function measureServer(
  bench: Bench,
  start: (bench: Bench, defer: Defer) => Promise<LoadedServer>,
): Promise<Measured> {
  return bench.undo.around(async (defer) => {
    const { pids } = await start(bench, defer);
    const idle = sumMemory(pids);
    const sources = Array.from({ length: guests }, (_, index) => `127.0.1.${index + 1}`);
    startGuests(defer, bench.host.loopback, sources);
    await sleep(settleMs);
    return { idle, polled: sumMemory(pids) };
  });
}
