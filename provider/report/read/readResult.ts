import { cutText } from "./cutText";
import { resultText } from "./resultText";
import type { ModelUsage, RunResult } from "./run";
import { sumTokens, tokensOf } from "./tokens";
import type { TranscriptEvent } from "./transcriptEvent";

const errorsShown = 20;
const longestError = 4096;

/** Reads the agent's last event. */
export function readResult(event: TranscriptEvent): RunResult {
  return {
    subtype: event.subtype,
    isError: event.is_error ?? (event.subtype !== undefined && event.subtype !== "success"),
    apiErrorStatus: event.api_error_status === undefined ? undefined : String(event.api_error_status),
    text: event.result === undefined ? undefined : cutText(event.result),
    errors: (event.errors ?? [])
      .slice(0, errorsShown)
      .map((error) => resultText(error).slice(0, longestError)),
    permissionDenials: event.permission_denials?.length ?? 0,
    numTurns: event.num_turns,
    durationMs: event.duration_ms,
    apiDurationMs: event.duration_api_ms,
    costUsd: event.total_cost_usd,
    tokens: event.usage === undefined ? undefined : tokensOf(event.usage),
    modelUsage: Object.entries(event.modelUsage ?? {}).map(([model, usage]): ModelUsage => ({
      model,
      input: usage.inputTokens ?? 0,
      cacheWrite: usage.cacheCreationInputTokens ?? 0,
      cacheRead: usage.cacheReadInputTokens ?? 0,
      output: usage.outputTokens ?? 0,
      costUsd: usage.costUSD,
    })),
  };
}

/**
 * An agent that a background task of its own wakes up again ends with a result each time: what it cost and what the
 * models used is told for all of them together, the rest for each by itself.
 */
export function addResult(earlier: RunResult | undefined, later: RunResult): RunResult {
  if (earlier === undefined) return later;
  return {
    ...later,
    permissionDenials: earlier.permissionDenials + later.permissionDenials,
    numTurns: sum(earlier.numTurns, later.numTurns),
    durationMs: sum(earlier.durationMs, later.durationMs),
    tokens: sumTokens([earlier.tokens, later.tokens].filter((tokens) => tokens !== undefined)),
  };
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a + b;
}
