import { join } from "node:path";
import { repositoryFolder } from "../../../tests/support/findPulumi";
import type { PulumiStack } from "../../../tests/support/pulumiStack";
import type { Bench } from "../bench";
import { repetitions, type BenchRow } from "../benchRow";
import { startProvider } from "../providerProcess";
import { guestTask, startGuests } from "../startGuests";
import { figure, formatMs, median, monotonicMs } from "../statistics";
import type { Defer } from "../undo";
import { makeStack, timeUp } from "./pulumiUpRow";

const runCounts = [1, 4, 16, 64] as const;
const mostRuns = 64;
/** A round of all counts takes a minute. */
const upRepetitions = 3;
/** By how much a run may cost more among many than among few, and the growth still counts as linear: medians scatter. */
const allowance = 1.25;

interface Measured {
  runCount: number;
  /** All runs at once in the provider, without Pulumi. */
  provider: number[];
  ours: number[];
  noOp: number[];
}

/** How the time grows with the number of runs at once on one server: in the provider, and for the whole `pulumi up`. */
export async function measureScale(bench: Bench): Promise<BenchRow[]> {
  const all = runCounts.map((runCount): Measured => ({ runCount, provider: [], ours: [], noOp: [] }));
  await bench.undo.around((defer) => measureProvider(bench, defer, all));
  await bench.undo.around((defer) => measureUps(bench, defer, all));
  return all.map((measured, index) => describe(measured, all[index - 1]));
}

async function measureProvider(bench: Bench, defer: Defer, all: readonly Measured[]): Promise<void> {
  const provider = await startProvider(defer);
  const inputs = bench.host.inputsAt(bench.host.loopback);
  const server = await provider.create("FcTaskServer", inputs);
  defer(async () => {
    await provider.remove("FcTaskServer", server);
  });
  startCrowd(bench, defer);
  const run = async (runCount: number, round: number): Promise<number> => {
    const names = Array.from({ length: runCount }, (_, index) => `${round}-${runCount}-${index}`);
    const startedAt = monotonicMs();
    const created = await Promise.all(
      names.map((name) =>
        provider.create("AgentRun", { ...inputs, task: guestTask({}), stableKey: `bench::${name}` }),
      ),
    );
    const endedAt = Math.max(...created.map((each) => each.endedAt));
    await Promise.all(created.map((each) => provider.remove("AgentRun", each)));
    return endedAt - startedAt;
  };
  // What all of them need, such as the connection, is brought in first.
  await run(mostRuns, 0);
  for (let round = 1; round <= repetitions; round += 1) {
    bench.say(`runs at once in the provider: ${round} of ${repetitions}`);
    for (const { runCount, provider: times } of all) times.push(await run(runCount, round));
  }
}

async function measureUps(bench: Bench, defer: Defer, all: readonly Measured[]): Promise<void> {
  startCrowd(bench, defer);
  const ours = await makeOurs(bench, defer);
  const noOp = await makeStack(bench, defer, join(__dirname, "..", "programs", "no-op"));
  for (let round = 1; round <= upRepetitions; round += 1) {
    for (const measured of all) {
      const { runCount } = measured;
      bench.say(`pulumi up with ${runCount} runs: ${round} of ${upRepetitions}`);
      await noOp.configure({ count: runCount });
      measured.noOp.push(await timeUp(noOp, "--parallel", String(mostRuns)));
      await ours.configure({ runs: makeRuns(runCount) });
      measured.ours.push(await timeUp(ours, "--parallel", String(mostRuns)));
    }
  }
}

function startCrowd(bench: Bench, defer: Defer): void {
  const addresses = Array.from({ length: mostRuns }, (_, index) => `127.0.0.${index + 2}`);
  startGuests(defer, bench.host.loopback, addresses);
}

async function makeOurs(bench: Bench, defer: Defer): Promise<PulumiStack> {
  const project = join(repositoryFolder, "tests", "e2e", "programs", "declared");
  const stack = await makeStack(bench, defer, project);
  const { host, port, user, hostKey } = bench.host.sshd.connection();
  const { netns, tapIp, tapPort } = bench.host.loopback;
  await stack.configure({
    connection: { host, port, user, hostKey },
    servers: { busy: { netns, tapIp, tapPort } },
  });
  return stack;
}

function makeRuns(count: number): object {
  const names = Array.from({ length: count }, (_, index) => `run-${index}`);
  return Object.fromEntries(names.map((name) => [name, { server: "busy", task: guestTask({}) }]));
}

function describe(measured: Measured, fewer: Measured | undefined): BenchRow {
  const { runCount, provider, ours, noOp } = measured;
  const each = costOfEach(measured);
  return {
    what: `${runCount} run${runCount === 1 ? "" : "s"} at once on one server`,
    reference: `no-op program: ${formatMs(median(noOp))}`,
    ours: `${formatMs(median(provider))}, ${formatMs(each)} a run; whole \`pulumi up\` ${formatMs(median(ours))}`,
    budget: "linear or better",
    ...(fewer === undefined ? {} : { isMet: each <= costOfEach(fewer) * allowance }),
    remarks:
      `the first figures in the provider, ${repetitions} times, with the connection open, a guest for each run, and ` +
      `agents that take no time; \`pulumi up\` ${upRepetitions} times, alternately with a program of as many no-op ` +
      `resources, with --parallel ${mostRuns}; linear: a run costs no more than in the row above`,
    figures: { provider: figure("ms", provider), ours: figure("ms", ours), noOp: figure("ms", noOp) },
  };
}

function costOfEach({ runCount, provider }: Measured): number {
  return median(provider) / runCount;
}
