/*
 * The body of a worker thread: reads argv and environment of all processes again and again, until it is told to stop.
 * It is a thread, because the tests wait for child processes, and their own thread is busy with other things too.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { guestSuffix, netnsFolder } from "./namespace";
import type { SampleReport, SamplerData } from "./secretScan";

const pauseMs = 10;

const { needles } = workerData as SamplerData;
const report: SampleReport = { samples: 0, processes: 0, findings: [] };
const seen = new Set<number>();
let isStopping = false;

parentPort?.once("message", () => {
  isStopping = true;
});
sample();

function sample(): void {
  if (isStopping) {
    parentPort?.postMessage({ ...report, processes: seen.size });
    return;
  }
  report.samples += 1;
  for (const name of readdirSync("/proc")) if (/^\d+$/.test(name)) look(Number(name));
  setTimeout(sample, pauseMs);
}

function look(pid: number): void {
  try {
    for (const file of ["cmdline", "environ"]) {
      const bytes = readFileSync(`/proc/${pid}/${file}`);
      for (const { name, text } of needles) {
        if (bytes.includes(text) && !isGuest(pid)) add(`${name} in ${file} of ${describe(pid)}`);
      }
    }
    seen.add(pid);
  } catch {
    // It has ended meanwhile.
  }
}

/** The guest gets the token in its environment, as the agent wants it; a guest is not the host. */
function isGuest(pid: number): boolean {
  const own = readlinkSync(`/proc/${pid}/ns/net`);
  return readdirSync(netnsFolder)
    .filter((name) => name.endsWith(guestSuffix))
    .some((name) => own === `net:[${statSync(`${netnsFolder}/${name}`).ino}]`);
}

function describe(pid: number): string {
  return `process ${pid} (${readFileSync(`/proc/${pid}/comm`, "utf8").trim()})`;
}

function add(finding: string): void {
  if (!report.findings.includes(finding)) report.findings.push(finding);
}
