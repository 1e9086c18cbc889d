import type { Run, TokenCounts, Turn } from "../read/run";
import { isTurn } from "./isTurn";

/** What one turn cost. The agent tells the total only, so this is the turn's share of it by its tokens. */
export interface TurnCost {
  /** Tokens, with the output that the turn's own lines do not count yet. */
  readonly tokens: TokenCounts;
  /** The share of each kind of token in the run's cost; all turns together are at most 1. */
  readonly shares: TokenCounts;
  readonly share: number;
  readonly usd: number | undefined;
}

/** Prices relative to an input token; the same for all of Anthropic's models, with a cache of five minutes. */
const weights: TokenCounts = { input: 1, cacheWrite: 1.25, cacheRead: 0.1, output: 5 };

interface Group {
  readonly turns: readonly Turn[];
  readonly costUsd: number | undefined;
  readonly outputTokens: number;
}

/** Shares the cost of each model among its turns. */
export function shareCosts(run: Run): Map<Turn, TurnCost> {
  const costs = new Map<Turn, TurnCost>();
  const groups = groupByModel(run).map((group) => {
    const tokens = withMissingOutput(group);
    const weighted = tokens.map(weigh);
    return { ...group, tokens, weighted, weight: sum(weighted.map(total)) };
  });
  const runCost = run.result?.costUsd;
  const runWeight = sum(groups.map(({ weight }) => weight));
  for (const { turns, tokens, weighted, weight, costUsd } of groups) {
    const isPriced = costUsd !== undefined && runCost !== undefined && runCost > 0;
    const groupShare = isPriced ? Math.min(1, costUsd / runCost) : weight / (runWeight || 1);
    for (const [index, turn] of turns.entries()) {
      const shares = scale(weighted[index] ?? weights, groupShare / (weight || 1));
      const share = total(shares);
      const usd = runCost === undefined ? undefined : runCost * share;
      costs.set(turn, { tokens: tokens[index] ?? turn.tokens, shares, share, usd });
    }
  }
  return costs;
}

/** One group a model if the agent has told what each cost, and otherwise one for all. */
function groupByModel(run: Run): Group[] {
  const turns = run.entries.filter(isTurn);
  const usages = run.result?.modelUsage ?? [];
  const usageOf = (turn: Turn): string | undefined =>
    usages.find(({ model, costUsd }) => costUsd !== undefined && isSameModel(model, turn.model))?.model;
  if (usages.length === 0 || turns.some((turn) => usageOf(turn) === undefined)) {
    return [{ turns, costUsd: run.result?.costUsd, outputTokens: run.result?.tokens?.output ?? 0 }];
  }
  return usages.map(({ model, costUsd, output }) => ({
    turns: turns.filter((turn) => usageOf(turn) === model),
    costUsd,
    outputTokens: output,
  }));
}

/** `claude-opus-4-1[1m]` in the totals is `claude-opus-4-1` in the answers. */
function isSameModel(name: string, ofTurn: string | undefined): boolean {
  return name === ofTurn || name.replace(/\[.*\]$/, "") === ofTurn;
}

/**
 * The usage in an answer's lines is the one from its beginning, with hardly any output. What is missing to the total is
 * shared out by the length of what was written.
 */
function withMissingOutput({ turns, outputTokens }: Group): TokenCounts[] {
  const missing = Math.max(0, outputTokens - sum(turns.map(({ tokens }) => tokens.output)));
  const lengths = turns.map(writtenLength);
  const written = sum(lengths);
  return turns.map(({ tokens }, index) => ({
    ...tokens,
    output: tokens.output + (written === 0 ? 0 : (missing * (lengths[index] ?? 0)) / written),
  }));
}

function writtenLength(turn: Turn): number {
  return sum(
    turn.blocks.map((block) => {
      if (block.kind === "tool") return inputLength(block.input);
      return block.kind === "other" ? 0 : block.text.head.length + block.text.tail.length;
    }),
  );
}

function inputLength(input: unknown): number {
  try {
    return (JSON.stringify(input) as string | undefined)?.length ?? 0;
  } catch {
    return 0;
  }
}

function weigh(tokens: TokenCounts): TokenCounts {
  return {
    input: tokens.input * weights.input,
    cacheWrite: tokens.cacheWrite * weights.cacheWrite,
    cacheRead: tokens.cacheRead * weights.cacheRead,
    output: tokens.output * weights.output,
  };
}

function scale(tokens: TokenCounts, factor: number): TokenCounts {
  return {
    input: tokens.input * factor,
    cacheWrite: tokens.cacheWrite * factor,
    cacheRead: tokens.cacheRead * factor,
    output: tokens.output * factor,
  };
}

function total({ input, cacheWrite, cacheRead, output }: TokenCounts): number {
  return input + cacheWrite + cacheRead + output;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
