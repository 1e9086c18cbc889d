import { createHash } from "node:crypto";
import type { ControlClient, WaitOutcome } from "../taskServer/controlClient";
import { writeFileWhole } from "./writeFileWhole";

/** Writes a task's whole result, byte for byte, to `resultPath`, if its hash is right when it has arrived. */
export function writeResultFile(
  client: ControlClient,
  { record, head }: Extract<WaitOutcome, { isFinal: true }>,
  path: string,
): Promise<void> {
  const { id, resultBytes = 0, resultSha256 } = record;
  return writeFileWhole("resultPath", path, async (write) => {
    const hash = createHash("sha256");
    const take = async (chunk: Buffer): Promise<void> => {
      hash.update(chunk);
      await write(chunk);
    };
    if (head.length === resultBytes) await take(head);
    else await client.body(id, { offset: 0, length: resultBytes }, take);
    if (resultSha256 !== undefined && hash.digest("hex") !== resultSha256) {
      throw new Error("what arrived has another SHA-256 than what the task server stored");
    }
  });
}
