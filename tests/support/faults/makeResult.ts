import { createHash } from "node:crypto";

/** What a run of the agent prints: bytes that tell its task and which run of it this is. */
export function makeResult(taskId: string, run: number, size: number): Buffer {
  return Buffer.alloc(size, `run ${run} of ${taskId}\n`);
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
