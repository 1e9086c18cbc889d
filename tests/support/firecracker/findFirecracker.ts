import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const packer = join(__dirname, "pack.py");
const packedFolder = join(__dirname, "..", "..", "..", ".tools", "firecracker-double");
const packTimeoutMs = 30_000;

export interface FirecrackerPrograms {
  /** Path of `firecracker`: one file that runs from wherever it is copied to. */
  readonly firecracker: string;
  /** Absent where only Firecracker itself was given. */
  readonly jailer: string | undefined;
  /** Whether it is the double, which boots its guests in QEMU, and not the real thing. */
  readonly isDouble: boolean;
}

let packed: Promise<FirecrackerPrograms> | undefined;

/**
 * The programs that FIRECRACKER_BIN and JAILER_BIN name, else the double; or why there are none, for `skipBecause`.
 *
 * Whether the real one can start a machine here is another question: `findKvmObstacle`.
 */
export async function findFirecracker(): Promise<FirecrackerPrograms | { obstacle: string }> {
  const { FIRECRACKER_BIN: firecracker, JAILER_BIN: jailer } = process.env;
  if (firecracker !== undefined && firecracker !== "") {
    if (!existsSync(firecracker)) return { obstacle: `FIRECRACKER_BIN names no file: ${firecracker}` };
    return { firecracker, jailer: jailer === "" ? undefined : jailer, isDouble: false };
  }
  const missing = ["qemu-system-x86_64", "python3"].filter((program) => !isInstalled(program));
  if (missing.length > 0) return { obstacle: `the double of Firecracker needs ${missing.join(" and ")}` };
  packed ??= packDouble();
  return packed;
}

async function packDouble(): Promise<FirecrackerPrograms> {
  const { stdout } = await run("python3", [packer, packedFolder], { timeout: packTimeoutMs });
  const folder = stdout.trim();
  return { firecracker: join(folder, "firecracker"), jailer: join(folder, "jailer"), isDouble: true };
}

function isInstalled(program: string): boolean {
  const folders = (process.env.PATH ?? "").split(delimiter).concat("/usr/bin", "/bin");
  return folders.some((folder) => existsSync(join(folder, program)));
}
