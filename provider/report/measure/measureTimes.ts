import type { Run, Turn } from "../read/run";
import { callsOf, isTurn } from "./isTurn";

/** How long a turn took, as far as time stamps tell. */
export interface TurnTime {
  readonly modelMs: number;
  readonly toolMs: number;
  /** Between two stamps that have the model and the tools between them. */
  readonly eitherMs: number;
  readonly totalMs: number;
}

/** Measures each turn from the end of the one before. A sub-agent's turns follow each other in their own row. */
export function measureTimes(run: Run): Map<Turn, TurnTime> {
  const times = new Map<Turn, TurnTime>();
  const ends = new Map<string | undefined, number>();
  if (run.firstAtMs !== undefined) ends.set(undefined, run.firstAtMs);
  for (const turn of run.entries.filter(isTurn)) {
    const returnedAtMs = lastReturn(turn);
    const time = measure(ends.get(turn.parentToolUseId), turn.answeredAtMs, returnedAtMs);
    if (time !== undefined) times.set(turn, time);
    const end = returnedAtMs ?? turn.answeredAtMs;
    if (end !== undefined) ends.set(turn.parentToolUseId, end);
    for (const { id, calledAtMs } of callsOf(turn)) {
      if (id !== undefined && calledAtMs !== undefined) ends.set(id, calledAtMs);
    }
  }
  return times;
}

function measure(
  start: number | undefined,
  answered: number | undefined,
  returned: number | undefined,
): TurnTime | undefined {
  if (answered === undefined) {
    if (start === undefined || returned === undefined) return undefined;
    return timeOf(0, 0, returned - start);
  }
  const modelMs = start === undefined ? 0 : answered - start;
  return timeOf(modelMs, returned === undefined ? 0 : returned - answered, 0);
}

function timeOf(model: number, tool: number, either: number): TurnTime {
  const [modelMs, toolMs, eitherMs] = [Math.max(0, model), Math.max(0, tool), Math.max(0, either)];
  return { modelMs, toolMs, eitherMs, totalMs: modelMs + toolMs + eitherMs };
}

function lastReturn(turn: Turn): number | undefined {
  const stamps = callsOf(turn).flatMap(({ result }) => result?.returnedAtMs ?? []);
  return stamps.length === 0 ? undefined : Math.max(...stamps);
}
