import * as z from "zod";
import type { WaitOutcome } from "../taskServer/controlClient";
import type { Task } from "../fcTaskServer/taskSchema";
import type { AgentRunOutputs } from "./agentRunContract";

/** Results up to this size, in bytes, stand whole in the stack's state; of longer ones head and tail, half of it each. */
export const inlineResultBytes = 1024 * 1024;

/** An agent's JSON is read whole up to this size, in bytes, to find its figures; then `result` is cut as any other. */
export const inlineJsonBytes = 16 * 1024 * 1024;

/** What Claude Code prints with `--output-format json`, as far as outputs are made of it. */
const agentJsonSchema = z.looseObject({
  is_error: z.boolean().optional(),
  subtype: z.string().optional(),
  api_error_status: z.number().nullish(),
  result: z.string().optional(),
  session_id: z.string().optional(),
  num_turns: z.number().optional(),
  total_cost_usd: z.number().optional(),
  usage: z.record(z.string(), z.unknown()).optional(),
});
type AgentJson = z.infer<typeof agentJsonSchema>;

/** How many bytes of a task's result the provider wants to see. */
export function inlineBytesFor(task: Task | undefined): number {
  return task?.outputFormat === "json" ? inlineJsonBytes : inlineResultBytes;
}

/** Maps what the task server knows of a task, and its result, to the run's outputs. */
export function describeOutcome(
  outcome: WaitOutcome,
  task: Task | undefined,
  isOwnTask: boolean,
): AgentRunOutputs {
  const { record } = outcome;
  const known: AgentRunOutputs = {
    taskId: record.id,
    status: record.state,
    reason: record.reason,
    attempts: record.attempts,
    guest: record.guest,
    queuedAt: record.queuedAt,
    claimedAt: record.claimedAt,
    finishedAt: record.finishedAt,
    durationSeconds: record.durationMs === undefined ? undefined : record.durationMs / 1000,
    isTruncated: false,
    isTokenMasked: record.masked,
    isAgentError: false,
    isOwnTask,
  };
  if (!outcome.isFinal || record.state !== "done") return known;

  const { head, tail } = outcome;
  const json =
    task?.outputFormat === "json" && tail.length === 0 ? parseAgentJson(head.toString("utf8")) : undefined;
  const failure = describeFailure(record.exitCode ?? 0, json);
  const text =
    json?.result === undefined ? cutText(head, tail, record.resultBytes ?? 0) : cutString(json.result);
  return {
    ...known,
    ...text,
    status: failure === undefined ? "done" : "failed",
    reason: failure,
    isAgentError: failure !== undefined,
    exitCode: record.exitCode ?? 0,
    resultBytes: record.resultBytes,
    resultSha256: record.resultSha256,
    json: json !== undefined && head.length <= inlineResultBytes ? json : undefined,
    usage: json?.usage,
    costUsd: json?.total_cost_usd,
    sessionId: json?.session_id,
    numTurns: json?.num_turns,
  };
}

function parseAgentJson(text: string): AgentJson | undefined {
  try {
    return agentJsonSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Judged by exit code and `is_error`: the agent's `subtype` says "success" also for runs that failed. */
function describeFailure(exitCode: number, json: AgentJson | undefined): string | undefined {
  if (json?.is_error === true) {
    const status = typeof json.api_error_status === "number" ? `, API status ${json.api_error_status}` : "";
    return `the agent reported an error (exit code ${exitCode}${status})`;
  }
  return exitCode === 0 ? undefined : `the agent ended with exit code ${exitCode}`;
}

type ResultText = Pick<AgentRunOutputs, "result" | "isTruncated">;

function cutString(text: string): ResultText {
  const bytes = Buffer.from(text);
  if (bytes.length <= inlineResultBytes) return { result: text, isTruncated: false };
  const half = inlineResultBytes / 2;
  return cutText(bytes.subarray(0, half), bytes.subarray(bytes.length - half), bytes.length);
}

function cutText(head: Buffer, tail: Buffer, totalBytes: number): ResultText {
  if (tail.length === 0 && head.length <= inlineResultBytes)
    return { result: head.toString("utf8"), isTruncated: false };
  const half = inlineResultBytes / 2;
  const end = tail.length === 0 ? head : tail;
  const first = dropPartialCharacters(head.subarray(0, half)).toString("utf8");
  const last = dropPartialCharacters(end.subarray(Math.max(0, end.length - half))).toString("utf8");
  const omitted = totalBytes - Buffer.byteLength(first) - Buffer.byteLength(last);
  return { result: `${first}\n[… ${omitted} of ${totalBytes} bytes left out …]\n${last}`, isTruncated: true };
}

/** Takes away what a cut in the middle of a UTF-8 sequence leaves at either end (at most three bytes of it). */
function dropPartialCharacters(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && start < bytes.length && isContinuation(bytes[start])) start += 1;
  let lead = bytes.length - 1;
  while (lead >= bytes.length - 3 && lead > start && isContinuation(bytes[lead])) lead -= 1;
  const isWhole = bytes.length - lead >= sequenceLength(bytes[lead]);
  return bytes.subarray(start, isWhole ? bytes.length : lead);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function sequenceLength(lead: number | undefined): number {
  if (lead === undefined || lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
