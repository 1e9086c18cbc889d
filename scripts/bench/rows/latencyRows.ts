import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "../bench";
import { repetitions, type BenchRow } from "../benchRow";
import { startProvider } from "../providerProcess";
import { ReferenceJob } from "../reference/referenceJob";
import { defaultResultBytes, guestTask, startGuests } from "../startGuests";
import { figure, formatMs, median, monotonicMs, percentile } from "../statistics";

const budgetMs = 20;
const ourRepetitions = 25;
/** The agent's own time, in no relation to anybody's polling. */
const longestDelayMs = 1000;
/** Our provider does not poll, so a short delay will do. */
const ourDelayMs = 30;

interface Latency {
  /** From the submission to the guest that waits for it. */
  taskMs: number;
  /** From the guest's post to outputs. */
  resultMs: number;
}

/** How long a task is on its way to a guest that waits, and a result back. */
export async function measureLatency(bench: Bench): Promise<BenchRow[]> {
  bench.say(`task and result on their way: ours ${ourRepetitions} times`);
  const ours = await measureOurs(bench);
  bench.say(`task and result on their way: the reference ${repetitions} times`);
  const reference = await measureReference(bench);
  const remarks = `ours ${ourRepetitions} times, the reference ${repetitions} times`;
  const row = (what: string, of: (latency: Latency) => number, meaning: string): BenchRow => {
    const [our, theirs] = [ours.map(of), reference.map(of)];
    return {
      what,
      reference: formatMs(median(theirs)),
      ours: `${formatMs(median(our))} (p90 ${formatMs(percentile(our, 90))})`,
      budget: `≤ ${formatMs(budgetMs)}`,
      isMet: median(our) <= budgetMs,
      remarks: `${remarks}; ${meaning}`,
      figures: { ours: figure("ms", our), reference: figure("ms", theirs) },
    };
  };
  return [
    row(
      "result posted → `AgentRun` has it",
      ({ resultMs }) => resultMs,
      "from just before the guest connects to post until `create` has returned the outputs",
    ),
    row(
      "task submitted → waiting guest has it",
      ({ taskMs }) => taskMs,
      "ours on an open connection; the reference opens one, and its guest polls once a second",
    ),
  ];
}

function measureOurs({ host, undo }: Bench): Promise<Latency[]> {
  return undo.around(async (defer) => {
    const provider = await startProvider(defer);
    const inputs = host.inputsAt(host.link);
    const server = await provider.create("FcTaskServer", inputs);
    defer(async () => {
      await provider.remove("FcTaskServer", server);
    });
    const guest = startGuests(defer, host.link);
    const latencies: Latency[] = [];
    for (let index = 0; index < ourRepetitions; index += 1) {
      await guest.next("asking");
      // The request has left the guest; the server needs a moment to see that it has to wait.
      await sleep(20);
      const task = guestTask({ delayMs: ourDelayMs });
      const run = await provider.create("AgentRun", {
        ...inputs,
        task,
        stableKey: `bench::AgentRun-${index}`,
      });
      const submittedAt = run.spans.find(({ name }) => name === "submit")?.startedAt ?? NaN;
      const taken = await guest.next("task");
      const posted = await guest.next("posting");
      latencies.push({ taskMs: taken.at - submittedAt, resultMs: run.endedAt - posted.at });
    }
    return latencies;
  });
}

function measureReference({ host, undo }: Bench): Promise<Latency[]> {
  return undo.around(async (defer) => {
    const job = await ReferenceJob.prepare(host, host.link);
    await job.upload();
    await job.start();
    defer(() => job.stop());
    const guest = startGuests(defer, host.link);
    await guest.next("asking");
    const latencies: Latency[] = [];
    for (let index = 0; index < repetitions; index += 1) {
      const delayMs = Math.round((longestDelayMs * index) / repetitions);
      const submittedAt = monotonicMs();
      await job.inject({ id: "1", ...guestTask({ delayMs }) });
      await job.collect(defaultResultBytes);
      const collectedAt = monotonicMs();
      const taken = await guest.next("task");
      const posted = await guest.next("posting");
      latencies.push({ taskMs: taken.at - submittedAt, resultMs: collectedAt - posted.at });
      await job.clearResult();
      await sleep(delayMs / 2);
    }
    return latencies;
  });
}
