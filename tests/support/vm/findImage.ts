import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";

const run = promisify(execFile);

const answerSchema = z.union([
  z.object({ obstacle: z.string() }),
  z.object({ kernel: z.string(), vmlinux: z.string(), initramfs: z.string() }),
]);

/** What virtual machines boot from. */
export interface VmImage {
  readonly kernel: string;
  /** The same kernel as an ELF file. */
  readonly vmlinux: string;
  readonly initramfs: string;
}

/** The first time, a kernel is downloaded. */
const buildTimeoutMs = 10 * 60_000;

/** The image, built where that is needed, or why there is none. */
export async function findImage(): Promise<VmImage | { obstacle: string }> {
  const script = join(__dirname, "..", "..", "..", "scripts", "vm", "image.mjs");
  const { stdout } = await run(process.execPath, [script], { timeout: buildTimeoutMs });
  return answerSchema.parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
}
