import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

const unreadable: readonly unknown[] = ["ENOENT", "EINVAL", "EACCES"];

/** A piece of a secret that gives it away, and what to call it in a report, which never shows it. */
export interface Needle {
  name: string;
  text: string;
}

export interface SamplerData {
  needles: readonly Needle[];
}

export interface SampleReport {
  /** How often all processes were looked at. */
  samples: number;
  /** How many processes were seen. */
  processes: number;
  /** Where a secret was found, and which. */
  findings: string[];
}

export interface ProcessSampler {
  /** Resolves when all processes have been looked at for the first time. */
  looked: Promise<void>;
  stop(): Promise<SampleReport>;
}

/** Files that are larger are none that this package writes, and reading them would take long. */
const largestFileBytes = 256 * 1024 * 1024;

export function tokenNeedle(token: string): Needle {
  return { name: "the token", text: token };
}

/** The lines of a private key that differ from key to key: its first ones are the same in all keys of a kind. */
export function privateKeyNeedles(privateKey: string): Needle[] {
  const lines = privateKey.split("\n").filter((line) => line.length >= 40 && !line.startsWith("-----"));
  return lines.slice(1).map((text) => ({ name: "the private key", text }));
}

/** Looks at the arguments and the environment of all processes, guests left out, until it is stopped. */
export function sampleProcesses(data: SamplerData): ProcessSampler {
  const worker = new Worker(join(__dirname, "sampleProcesses.ts"), {
    workerData: data,
    execArgv: ["--require", "ts-node/register/transpile-only"],
  });
  worker.unref();
  const failed = new Promise<never>((_, reject) => worker.once("error", reject));
  // A failure is told by those who wait, and must not end the tests before.
  failed.catch(() => undefined);
  const looked = new Promise<void>((resolve) => {
    worker.once("message", () => {
      resolve();
    });
  });
  const report = new Promise<SampleReport>((resolve) => {
    worker.on("message", (message: SampleReport | "looked") => {
      if (message !== "looked") resolve(message);
    });
  });
  return {
    looked: Promise.race([looked, failed]),
    stop: async () => {
      worker.ref();
      worker.postMessage("stop");
      const result = await Promise.race([report, failed]);
      await worker.terminate();
      return result;
    },
  };
}

export interface FileScanOptions {
  /** Only files that were written since, in milliseconds of the epoch. */
  since?: number;
  /** Paths that are left out, with all below them. */
  except?: readonly string[];
}

/** Looks for secrets in all files below the folders. */
export function scanFiles(
  needles: readonly Needle[],
  folders: readonly string[],
  options: FileScanOptions = {},
): string[] {
  return folders.flatMap((folder) => scanPath(needles, folder, options));
}

/** Looks for secrets in a text, such as what a command has printed. */
export function scanText(needles: readonly Needle[], name: string, text: string): string[] {
  return needles.filter((needle) => text.includes(needle.text)).map((needle) => `${needle.name} in ${name}`);
}

function scanPath(needles: readonly Needle[], path: string, options: FileScanOptions): string[] {
  if (options.except?.includes(path) === true) return [];
  try {
    const entry = lstatSync(path);
    if (entry.isDirectory()) {
      return readdirSync(path).flatMap((name) => scanPath(needles, join(path, name), options));
    }
    const isOld = entry.mtimeMs < (options.since ?? 0);
    if (!entry.isFile() || isOld || statSync(path).size > largestFileBytes) return [];
    const bytes = readFileSync(path);
    return needles.filter(({ text }) => bytes.includes(text)).map(({ name }) => `${name} in ${path}`);
  } catch (error) {
    // What other processes of the machine remove meanwhile is none of ours; a namespace's name is a file that has no text.
    if (error instanceof Error && "code" in error && unreadable.includes(error.code)) return [];
    throw error;
  }
}
