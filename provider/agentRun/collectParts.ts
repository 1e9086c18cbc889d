import type { ControlClient } from "../taskServer/controlClient";
import type { TaskRecord } from "../taskServer/taskRecord";
import type { AgentRunOutputs } from "./agentRunContract";
import { cutText, inlineResultBytes } from "./cutResult";

type PartOutputs = Pick<AgentRunOutputs, "stderrTail" | "patch" | "commit">;

/** Fetches what the guest sent beside its result. Older guests send nothing. */
export async function collectParts(client: ControlClient, record: TaskRecord): Promise<PartOutputs> {
  const texts: Record<string, string | undefined> = {};
  // One after the other: they share one conversation.
  for (const { name, bytes } of record.parts) texts[name] = await readPart(client, record.id, name, bytes);
  return { stderrTail: texts["stderr"], patch: texts["patch"], commit: texts["commit"]?.trim() };
}

/** Of long parts, head and tail are kept, as of results. */
async function readPart(client: ControlClient, id: string, name: string, bytes: number): Promise<string> {
  const half = inlineResultBytes / 2;
  const isShort = bytes <= inlineResultBytes;
  const head: Buffer[] = [];
  let tail = Buffer.alloc(0);
  let headBytes = 0;
  await client.part(id, name, (chunk) => {
    const room = (isShort ? bytes : half) - headBytes;
    const first = chunk.subarray(0, Math.max(0, room));
    if (first.length > 0) head.push(first);
    headBytes += first.length;
    const rest = chunk.subarray(first.length);
    if (rest.length > 0) tail = Buffer.concat([tail, rest]).subarray(-half);
  });
  return cutText(Buffer.concat(head), tail, bytes).result ?? "";
}
