import type { ControlClient } from "../taskServer/controlClient";
import type { TaskRecord } from "../taskServer/taskRecord";
import { findAgentJson } from "./agentJson";
import type { AgentRunOutputs } from "./agentRunContract";

type Totals = Partial<Pick<AgentRunOutputs, "usage" | "numTurns">>;

/**
 * An agent that a background task of its own wakes up again ends with a result each time. Cost and `modelUsage` of the
 * last one are those of all; its usage and turns are its own only, and the others stand in the transcript.
 */
export async function collectTotals(
  client: ControlClient,
  record: TaskRecord,
  json: Record<string, unknown> | undefined,
): Promise<Totals> {
  const index = json?.["result_index"];
  if (typeof index !== "number" || index === 0 || record.transcriptBytes === undefined) return {};
  const chunks: Buffer[] = [];
  await client.part(record.id, "transcript", (chunk) => void chunks.push(chunk));
  return sumResults(Buffer.concat(chunks).toString("utf8"), index + 1);
}

/** Nothing where some of the results are not there: transcripts are bounded. */
export function sumResults(transcript: string, count: number): Totals {
  const results = transcript
    .split("\n")
    .filter((line) => line.includes('"type":"result"'))
    .map((line) => findAgentJson(line, true, true))
    .filter((json) => json !== undefined)
    .slice(-count);
  if (results.length < count) return {};
  return {
    usage: results.reduce<Record<string, unknown>>((sum, { usage = {} }) => sumNumbers(sum, usage), {}),
    numTurns: results.reduce((sum, { num_turns: turns = 0 }) => sum + turns, 0),
  };
}

/** What a guest sends may be nested as deeply as it likes. */
const deepestSum = 3;

/** Adds what is a number in both; of everything else the later one is kept. */
function sumNumbers(
  earlier: Record<string, unknown>,
  later: Record<string, unknown>,
  depth = 1,
): Record<string, unknown> {
  const sums = Object.entries(later).map(([name, value]) => {
    const before = earlier[name];
    if (typeof value === "number" && typeof before === "number") return [name, before + value] as const;
    if (depth < deepestSum && isObject(value) && isObject(before))
      return [name, sumNumbers(before, value, depth + 1)] as const;
    return [name, value] as const;
  });
  return { ...earlier, ...Object.fromEntries(sums) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
