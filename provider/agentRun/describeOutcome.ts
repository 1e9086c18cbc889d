import type { WaitOutcome } from "../taskServer/controlClient";
import type { Task } from "../fcTaskServer/taskSchema";
import { findAgentJson } from "./agentJson";
import type { AgentRunOutputs } from "./agentRunContract";
import { classifyFailure } from "./classifyFailure";
import { cutString, cutText, inlineResultBytes } from "./cutResult";

/** An agent's JSON is read whole up to this size, in bytes, to find its figures; then `result` is cut as any other. */
export const inlineJsonBytes = 16 * 1024 * 1024;

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
  if (record.state === "failed") return { ...known, errorKind: "guest-lost", isAgentError: true };
  if (!outcome.isFinal || record.state !== "done") return known;

  const { head, tail } = outcome;
  const isWhole = tail.length === 0;
  const printed = (isWhole ? head : tail).toString("utf8");
  // Guests of the newer generation return the agent's result object also where the task asks for text; of older ones,
  // text that looks like it is what the agent was asked to print.
  const isOfNewerGuest = record.agentDurationMs !== undefined;
  const json =
    isOfNewerGuest || task?.outputFormat !== "text"
      ? findAgentJson(printed, isWhole, isOfNewerGuest)
      : undefined;
  const exitCode = record.exitCode ?? 0;
  const failure = classifyFailure({
    exitCode,
    guestKind: record.errorKind,
    json,
    text: printed,
    finishedAt: record.finishedAt === undefined ? undefined : new Date(record.finishedAt),
  });
  const isText = json?.result !== undefined && task?.outputFormat !== "stream-json";
  const text = isText ? cutString(json.result ?? "") : cutText(head, tail, record.resultBytes ?? 0);
  return {
    ...known,
    ...text,
    status: failure === undefined ? "done" : "failed",
    reason: failure?.reason,
    errorKind: failure?.kind,
    limitResetsAt: failure?.resetsAt,
    isAgentError: failure !== undefined,
    exitCode,
    resultBytes: record.resultBytes,
    resultSha256: record.resultSha256,
    json: json !== undefined && head.length <= inlineResultBytes ? json : undefined,
    usage: json?.usage,
    modelUsage: json?.modelUsage,
    costUsd: json?.total_cost_usd,
    sessionId: json?.session_id,
    numTurns: json?.num_turns,
  };
}
