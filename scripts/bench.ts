/*
 * npm run bench [-- --readme] [-- --only=NAME,…]: the budget of DESIGN §9, each figure beside that of the same job
 * done by hand over ssh. It is no test: it fails on nothing but its own faults.
 */
import { loadavg } from "node:os";
import type { Bench } from "./bench/bench";
import { makeBenchHost } from "./bench/benchHost";
import type { BenchRow } from "./bench/benchRow";
import { describeMachine } from "./bench/machine";
import { updateReadme, writeReport } from "./bench/report";
import { measureClones } from "./bench/rows/cloneRows";
import { measureComponentUp } from "./bench/rows/componentUpRow";
import { measureCrowd } from "./bench/rows/crowdRow";
import { measureGuestMemory } from "./bench/rows/guestMemoryRows";
import { measureLargeResults } from "./bench/rows/largeResultRows";
import { measureLatency } from "./bench/rows/latencyRows";
import { measureLifecycle } from "./bench/rows/lifecycleRow";
import { measureMemory } from "./bench/rows/memoryRow";
import { measureNetwork } from "./bench/rows/networkRows";
import { measurePulumiUp } from "./bench/rows/pulumiUpRow";
import { measureScale } from "./bench/rows/scaleRows";
import { measureThroughput } from "./bench/rows/throughputRow";
import { Undo } from "./bench/undo";

/** In the order of the table. */
const parts: Readonly<Record<string, (bench: Bench) => Promise<BenchRow[]>>> = {
  lifecycle: async (bench) => {
    const { rows, breakdown: lines } = await measureLifecycle(bench);
    breakdown.push(...lines);
    return rows;
  },
  latency: measureLatency,
  up: measurePulumiUp,
  scale: measureScale,
  large: measureLargeResults,
  throughput: measureThroughput,
  crowd: measureCrowd,
  memory: measureMemory,
  network: measureNetwork,
  clones: measureClones,
  component: measureComponentUp,
  guests: measureGuestMemory,
};

/** Up to this load average a machine counts as quiet. */
const quietLoad = 0.5;

const startedAt = performance.now();
const undo = new Undo();
const breakdown: string[] = [];
let isEnding = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void endEarly(130));
process.on("uncaughtException", (error) => void endEarly(1, error));
main().catch((error: unknown) => endEarly(1, error));

async function main(): Promise<void> {
  const options = process.argv.slice(2);
  const names = chooseParts(options);
  const rows: BenchRow[] = [];
  const loadBefore = loadavg()[0] ?? 0;
  if (loadBefore > quietLoad)
    say(`the machine is busy (load ${loadBefore.toFixed(1)}): the figures will be rough`);
  await undo.around(async (defer) => {
    const host = await makeBenchHost(defer);
    for (const name of names) rows.push(...((await parts[name]?.({ host, undo, say })) ?? []));
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const report = { machine: describeMachine(), loadBefore, rows, breakdown, seconds };
  process.stdout.write(`\n${writeReport(report, names.length === Object.keys(parts).length)}`);
  if (options.includes("--readme")) await updateReadme(report);
}

function chooseParts(options: readonly string[]): string[] {
  const only = options.find((option) => option.startsWith("--only="))?.slice("--only=".length);
  const names = only?.split(",") ?? Object.keys(parts);
  const unknown = names.filter((name) => parts[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(`no part is named ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  }
  if (only !== undefined && options.includes("--readme"))
    throw new Error("the README gets the whole table only");
  return names;
}

function say(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0).padStart(3);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

/** Takes away what is there and ends. npm hands the terminal's Ctrl-C on, so it may come twice. */
async function endEarly(exitCode: number, error?: unknown): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  if (error === undefined) process.stdout.write("\nInterrupted: cleaning up\n");
  else complain(error);
  await undo.unwind().catch(complain);
  process.exit(exitCode);
}

function complain(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
