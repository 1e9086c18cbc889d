import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FcAgentsError } from "../errors/fcAgentsError";
import type { ControlClient, WaitOutcome } from "../taskServer/controlClient";

/**
 * Writes a task's whole result, byte for byte, to a local file that only its owner may read. The file appears at its
 * place when it is complete and its hash is right, or not at all.
 */
export async function writeResultFile(
  client: ControlClient,
  outcome: Extract<WaitOutcome, { isFinal: true }>,
  path: string,
): Promise<void> {
  const target = resolve(path);
  const temporary = `${target}.${randomBytes(6).toString("hex")}.part`;
  const { id, resultBytes = 0, resultSha256 } = outcome.record;
  try {
    await mkdir(dirname(target), { recursive: true });
    const file = await open(temporary, "wx", 0o600);
    const hash = createHash("sha256");
    const write = async (chunk: Buffer): Promise<void> => {
      hash.update(chunk);
      await file.writeFile(chunk);
    };
    try {
      if (outcome.head.length === resultBytes) await write(outcome.head);
      else await client.body(id, { offset: 0, length: resultBytes }, write);
      await file.sync();
    } finally {
      await file.close();
    }
    if (resultSha256 !== undefined && hash.digest("hex") !== resultSha256) {
      throw new Error("what arrived has another SHA-256 than what the task server stored");
    }
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    if (isFileError(cause)) throw new ResultFileError(target, cause);
    throw cause;
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "path" in error;
}

/** Thrown when the result cannot be written to `resultPath`. The result stays on the host. */
export class ResultFileError extends FcAgentsError {
  public constructor(path: string, cause: Error) {
    super({
      what: `Could not write the result to ${path}`,
      reason: cause.message,
      hint: "The result is kept on the host: mend `resultPath` and run `pulumi up` again, no agent runs for it.",
      cause,
    });
  }
}
