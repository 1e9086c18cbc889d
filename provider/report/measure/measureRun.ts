import type { Run, TokenCounts, Turn } from "../read/run";
import { sumTokens } from "../read/tokens";
import { describeOutcome, type Outcome } from "./describeOutcome";
import { isTurn } from "./isTurn";
import { measureTimes, type TurnTime } from "./measureTimes";
import { shareCosts, type TurnCost } from "./shareCosts";
import { type ToolTotal, totalTools } from "./totalTools";

/** A run with all that the page tells about it in numbers. */
export interface MeasuredRun {
  readonly run: Run;
  readonly outcome: Outcome;
  readonly turns: readonly Turn[];
  readonly costs: ReadonlyMap<Turn, TurnCost>;
  readonly times: ReadonlyMap<Turn, TurnTime>;
  readonly tools: readonly ToolTotal[];
  readonly tokens: TokenCounts;
  readonly durationMs: number | undefined;
}

export function measureRun(run: Run): MeasuredRun {
  const turns = run.entries.filter(isTurn);
  const costs = shareCosts(run);
  return {
    run,
    outcome: describeOutcome(run),
    turns,
    costs,
    times: measureTimes(run),
    tools: totalTools(turns, costs),
    tokens: tokensOfRun(run, turns),
    durationMs: run.result?.durationMs ?? stampedDuration(run),
  };
}

/** What each model used counts sub-agents too; without it the agent's own total, or the sum of the turns. */
function tokensOfRun({ result }: Run, turns: readonly Turn[]): TokenCounts {
  if (result !== undefined && result.modelUsage.length > 0) return sumTokens(result.modelUsage);
  return result?.tokens ?? sumTokens(turns.map(({ tokens }) => tokens));
}

function stampedDuration({ firstAtMs, lastAtMs }: Run): number | undefined {
  if (firstAtMs === undefined || lastAtMs === undefined || firstAtMs === lastAtMs) return undefined;
  return lastAtMs - firstAtMs;
}
