import { stringify } from "../read/resultText";
import type { ToolCall, Turn } from "../read/run";
import { callsOf } from "./isTurn";
import type { TurnCost } from "./shareCosts";

export interface ToolTotal {
  readonly name: string;
  calls: number;
  errors: number;
  inputBytes: number;
  outputBytes: number;
  /** Absent where no call has both its time stamps. */
  durationMs: number | undefined;
  /** The share of the run's cost of the turns that called it, divided among the calls of a turn. */
  share: number;
}

/** Adds up what each tool was used for, the most expensive first. */
export function totalTools(turns: readonly Turn[], costs: ReadonlyMap<Turn, TurnCost>): ToolTotal[] {
  const totals = new Map<string, ToolTotal>();
  for (const turn of turns) {
    const calls = callsOf(turn);
    const share = (costs.get(turn)?.share ?? 0) / Math.max(1, calls.length);
    for (const call of calls) {
      const total = totals.get(call.name) ?? emptyTotal(call.name);
      addCall(total, call, share);
      totals.set(call.name, total);
    }
  }
  return [...totals.values()].sort((a, b) => b.share - a.share || b.calls - a.calls);
}

/** The time between a call and its result. */
export function durationOf({ calledAtMs, result }: ToolCall): number | undefined {
  if (calledAtMs === undefined || result?.returnedAtMs === undefined) return undefined;
  return Math.max(0, result.returnedAtMs - calledAtMs);
}

function emptyTotal(name: string): ToolTotal {
  return { name, calls: 0, errors: 0, inputBytes: 0, outputBytes: 0, durationMs: undefined, share: 0 };
}

function addCall(total: ToolTotal, call: ToolCall, share: number): void {
  total.calls += 1;
  total.share += share;
  total.inputBytes += Buffer.byteLength(stringify(call.input));
  if (call.result !== undefined) {
    const { head, tail, omittedBytes } = call.result.text;
    total.outputBytes += Buffer.byteLength(head) + Buffer.byteLength(tail) + omittedBytes;
    if (call.result.isError) total.errors += 1;
  }
  const duration = durationOf(call);
  if (duration !== undefined) total.durationMs = (total.durationMs ?? 0) + duration;
}
