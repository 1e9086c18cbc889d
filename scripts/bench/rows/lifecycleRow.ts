import type { Bench } from "../bench";
import { repetitions, type BenchRow, type TimeSpan } from "../benchRow";
import { startProvider } from "../providerProcess";
import { ReferenceJob } from "../reference/referenceJob";
import { defaultResultBytes, guestTask, startGuests } from "../startGuests";
import { figure, formatMs, median, monotonicMs } from "../statistics";
import type { Defer } from "../undo";

const budgetMs = 500;
/** Each takes five seconds. */
const referenceRepetitions = 5;

interface Measured {
  collectedMs: number;
  removedMs: number;
  spans: TimeSpan[];
}

/** Deploy, inject and collect, without Pulumi's start and the agent's own time; and where that time goes. */
export async function measureLifecycle(bench: Bench): Promise<{ rows: BenchRow[]; breakdown: string[] }> {
  const ours: Measured[] = [];
  const reference: Measured[] = [];
  for (let index = 0; index < repetitions; index += 1) {
    bench.say(`deploy, inject, collect: ${index + 1} of ${repetitions}`);
    ours.push(await bench.undo.around((defer) => measureOurs(bench, defer)));
    if (index < referenceRepetitions) {
      reference.push(await bench.undo.around((defer) => measureReference(bench, defer)));
    }
  }
  const repeated = `ours ${repetitions} times, the reference ${referenceRepetitions} times, alternately`;
  const row = (
    what: string,
    of: (measured: Measured) => number,
    hasBudget: boolean,
    remarks: string,
  ): BenchRow => {
    const [our, theirs] = [ours.map(of), reference.map(of)];
    return {
      what,
      reference: formatMs(median(theirs)),
      ours: formatMs(median(our)),
      budget: hasBudget ? `≤ ${formatMs(budgetMs)}` : "–",
      ...(hasBudget ? { isMet: median(our) <= budgetMs } : {}),
      remarks: `${repeated}; ${remarks}`,
      figures: { ours: figure("ms", our), reference: figure("ms", theirs) },
    };
  };
  const rows = [
    row(
      "deploy + inject + collect",
      ({ collectedMs }) => collectedMs,
      true,
      "ours in a fresh Node.js process with a fresh connection, loading the package included",
    ),
    row("the same, with stopping and removing", ({ removedMs }) => removedMs, false, "five ssh calls in all"),
  ];
  return { rows, breakdown: describeSpans(ours) };
}

async function measureOurs({ host }: Bench, defer: Defer): Promise<Measured> {
  const provider = await startProvider(defer);
  startGuests(defer, host.link);
  const task = guestTask({});
  const inputs = host.inputsAt(host.link);
  const server = await provider.create("FcTaskServer", { ...inputs, task });
  let isRemoved = false;
  defer(async () => {
    if (!isRemoved) await provider.remove("FcTaskServer", server);
  });
  const run = await provider.create("AgentRun", {
    ...inputs,
    serverTask: task,
    stableKey: "bench::AgentRun",
  });
  const removed = await provider.remove("FcTaskServer", server);
  isRemoved = true;
  const rename = (prefix: string, spans: TimeSpan[]): TimeSpan[] =>
    spans.map((span) => ({ ...span, name: `${prefix}: ${span.name}` }));
  return {
    collectedMs: run.endedAt - server.startedAt,
    removedMs: removed.endedAt - server.startedAt,
    spans: [
      { name: "FcTaskServer", startedAt: server.startedAt, endedAt: server.endedAt },
      ...rename("FcTaskServer", server.spans),
      { name: "AgentRun", startedAt: run.startedAt, endedAt: run.endedAt },
      ...rename("AgentRun", run.spans),
      { name: "delete", startedAt: removed.startedAt, endedAt: removed.endedAt },
      ...rename("delete", removed.spans),
    ],
  };
}

async function measureReference({ host }: Bench, defer: Defer): Promise<Measured> {
  startGuests(defer, host.link);
  const job = await ReferenceJob.prepare(host, host.link);
  // Once more in the end, for a job that was interrupted.
  defer(() => job.stop());
  const startedAt = monotonicMs();
  await job.upload();
  await job.start();
  await job.inject({ id: "1", ...guestTask({}) });
  await job.collect(defaultResultBytes);
  const collectedMs = monotonicMs() - startedAt;
  await job.stop();
  return { collectedMs, removedMs: monotonicMs() - startedAt, spans: [] };
}

/** The median duration of each step. A step that occurs twice in a repetition counts with its sum. */
function describeSpans(repeated: readonly Measured[]): string[] {
  const names = new Set(repeated.flatMap(({ spans }) => spans.map(({ name }) => name)));
  return [...names].map((name) => {
    const durations = repeated.map(({ spans }) =>
      spans
        .filter((span) => span.name === name)
        .reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0),
    );
    return `${name}: ${formatMs(median(durations))}`;
  });
}
