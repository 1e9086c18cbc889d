import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import { boundMs, readSoakSeconds } from "./soak";
import { sourcesWithout, type Removal } from "./withoutProtection";

const folder = resolve(__dirname, "../../hostile/python");
const timeoutMs = 120_000;

const countsSchema = z.object({
  streams: z.number(),
  requests: z.number(),
  refused: z.number(),
  accepted: z.number(),
});

/** What a fuzzer has tried. */
export type FuzzCounts = z.infer<typeof countsSchema>;

const liveSchema = countsSchema.extend({
  given: z.array(z.string()),
  /** SHA-256 of each result that the server said it had stored, by its task. */
  stored: z.record(z.string(), z.string()),
});
export type LiveFuzz = z.infer<typeof liveSchema>;

/** Thrown when a fuzzer found a stream that was read otherwise than a strict reader does; its message shows it. */
export class DifferenceFoundError extends Error {}

/** Compares the parser of these sources with the strict reading, on so many streams. */
export async function fuzzParser(seed: number, count: number, sources: string): Promise<FuzzCounts> {
  const soakSeconds = readSoakSeconds();
  const bound = soakSeconds === undefined ? [] : [soakSeconds];
  return countsSchema.parse(await runScript("fuzz_parser.py", [sources, seed, count, ...bound]));
}

/** Speaks so many spoiled streams to a live server, as the guest that has this address. */
export async function fuzzServer(
  target: { tapIp: string; tapPort: number; guest: string },
  seed: number,
  count: number,
): Promise<LiveFuzz> {
  const { tapIp, tapPort, guest } = target;
  return liveSchema.parse(await runScript("fuzz_server.py", [tapIp, tapPort, guest, seed, count]));
}

async function runScript(name: string, args: readonly (string | number)[]): Promise<unknown> {
  const all = args.map(String);
  return new Promise((resolve, reject) => {
    execFile(
      "python3",
      ["-IS", join(folder, name), ...all],
      { timeout: boundMs(timeoutMs), maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout));
        else
          reject(new DifferenceFoundError(`${name} ${all.join(" ")}: ${stdout}${stderr || error.message}`));
      },
    );
  });
}

/** The server's sources in a folder of their own, without some of their protections. */
export class AlteredSources {
  public readonly path = mkdtempSync(join(tmpdir(), "fc-sources-"));

  public constructor(...removals: readonly Removal[]) {
    for (const [file, bytes] of Object.entries(sourcesWithout(...removals))) {
      mkdirSync(join(this.path, dirname(file)), { recursive: true });
      writeFileSync(join(this.path, file), bytes);
    }
  }

  public remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
