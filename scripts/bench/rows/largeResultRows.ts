import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "../bench";
import type { BenchRow } from "../benchRow";
import { listFamily, readPeak, resetPeak } from "../processMemory";
import { startProvider } from "../providerProcess";
import { ReferenceJob } from "../reference/referenceJob";
import { guestTask, startGuests } from "../startGuests";
import { figure, formatMiB, formatMs, median, monotonicMs } from "../statistics";

const megabyte = 1_000_000;
const cases = [
  { megabytes: 10, budgetMs: 100, referenceRepetitions: 5 },
  { megabytes: 100, budgetMs: 1000, referenceRepetitions: 3 },
] as const;
const ourRepetitions = 5;
const growthBudgetBytes = 8 * 1024 ** 2;

type Case = (typeof cases)[number];

interface Measured {
  resultMs: number;
  workerGrowthBytes: number;
  providerGrowthBytes: number;
}

/** Large results, from the guest's post to the outputs, and what they take of memory meanwhile. */
export async function measureLargeResults(bench: Bench): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const measured of cases) {
    const { megabytes, budgetMs, referenceRepetitions } = measured;
    bench.say(`results of ${megabytes} MB`);
    const ours = await measureOurs(bench, measured);
    const reference = await measureReference(bench, measured);
    const times = ours.map(({ resultMs }) => resultMs);
    const worker = ours.map(({ workerGrowthBytes }) => workerGrowthBytes);
    const provider = ours.map(({ providerGrowthBytes }) => providerGrowthBytes);
    rows.push({
      what: `${megabytes} MB result, and growth of memory`,
      reference: formatMs(median(reference)),
      ours: `${formatMs(median(times))}; server ${formatMiB(median(worker))}, provider ${formatMiB(median(provider))}`,
      budget: `≤ ${formatMs(budgetMs)}; ≤ ${formatMiB(growthBudgetBytes)}`,
      isMet: median(times) <= budgetMs && median(worker) <= growthBudgetBytes,
      remarks:
        `ours ${ourRepetitions} times, the reference ${referenceRepetitions} times, not synced; over veth, from the ` +
        "post until `create` has returned; growth is the peak (VmHWM) over the one before, and the budget the server's",
      figures: {
        ours: figure("ms", times),
        reference: figure("ms", reference),
        workerGrowth: figure("bytes", worker),
        providerGrowth: figure("bytes", provider),
      },
    });
  }
  return rows;
}

function measureOurs({ host, undo }: Bench, { megabytes }: Case): Promise<Measured[]> {
  return undo.around(async (defer) => {
    const provider = await startProvider(defer);
    const inputs = host.inputsAt(host.link);
    const server = await provider.create("FcTaskServer", inputs);
    defer(async () => {
      await provider.remove("FcTaskServer", server);
    });
    const worker = listFamily(Number(server.outs.pid)).at(-1) ?? 0;
    const guest = startGuests(defer, host.link);
    const run = async (name: string, bytes: number): Promise<number> => {
      await guest.next("asking");
      const task = guestTask({ bytes });
      const created = await provider.create("AgentRun", { ...inputs, task, stableKey: `bench::${name}` });
      const posted = await guest.next("posting");
      // Its record and file go at once, as the disk is not what is measured.
      await provider.remove("AgentRun", created);
      return created.endedAt - posted.at;
    };
    // The first result of any size brings in what all of them need.
    await run("first", 1000);
    const measured: Measured[] = [];
    for (let index = 0; index < ourRepetitions; index += 1) {
      await sleep(100);
      const before = { worker: resetPeak(worker), provider: resetPeak(provider.pid) };
      const resultMs = await run(`large-${index}`, megabytes * megabyte);
      measured.push({
        resultMs,
        workerGrowthBytes: readPeak(worker) - before.worker,
        providerGrowthBytes: readPeak(provider.pid) - before.provider,
      });
    }
    return measured;
  });
}

function measureReference(
  { host, undo }: Bench,
  { megabytes, referenceRepetitions }: Case,
): Promise<number[]> {
  return undo.around(async (defer) => {
    const job = await ReferenceJob.prepare(host, host.link);
    await job.upload();
    await job.start();
    defer(() => job.stop());
    const guest = startGuests(defer, host.link);
    const bytes = megabytes * megabyte;
    const times: number[] = [];
    for (let index = 0; index < referenceRepetitions; index += 1) {
      await job.inject({ id: "1", ...guestTask({ bytes }) });
      await job.collect(bytes);
      const collectedAt = monotonicMs();
      times.push(collectedAt - (await guest.next("posting")).at);
      await job.clearResult();
    }
    return times;
  });
}
