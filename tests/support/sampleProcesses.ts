/*
 * The body of a worker thread: reads argv and environment of all processes again and again, until it is told to stop.
 * It is a thread, because the tests wait for child processes, and their own thread is busy with other things too.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { guestSuffix, netnsFolder } from "./namespace";
import type { SampleReport, SamplerData } from "./secretScan";

const pauseMs = 20;

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
  if (report.samples === 1) parentPort?.postMessage("looked");
  setTimeout(sample, pauseMs);
}

function look(pid: number): void {
  try {
    for (const file of ["cmdline", "environ"]) {
      const bytes = withoutConfiguration(readFileSync(`/proc/${pid}/${file}`));
      for (const { name, text } of needles) {
        if (bytes.includes(text) && !isGuest(pid)) add(`${name} in ${file} of ${describe(pid)}`);
      }
    }
    seen.add(pid);
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * Leaves out the variable in which Pulumi's language host hands a program its configuration, secrets in clear. That is
 * Pulumi's own doing, at the machine where the CLI runs, which here happens to be the host too.
 */
function withoutConfiguration(bytes: Buffer): Buffer {
  const start = bytes.indexOf("PULUMI_CONFIG=");
  if (start < 0 || (start > 0 && bytes[start - 1] !== 0)) return bytes;
  const end = bytes.indexOf(0, start);
  return Buffer.concat([bytes.subarray(0, start), end < 0 ? Buffer.alloc(0) : bytes.subarray(end)]);
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
