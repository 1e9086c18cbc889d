import type { TokenCounts } from "./run";
import type { TranscriptEvent } from "./transcriptEvent";

export const noTokens: TokenCounts = { input: 0, cacheWrite: 0, cacheRead: 0, output: 0 };

export function tokensOf(usage: TranscriptEvent["usage"]): TokenCounts {
  return {
    input: usage?.input_tokens ?? 0,
    cacheWrite: usage?.cache_creation_input_tokens ?? 0,
    cacheRead: usage?.cache_read_input_tokens ?? 0,
    output: usage?.output_tokens ?? 0,
  };
}

/** The usage of one answer is written with each of its lines, and grows: the largest is the whole. */
export function largestTokens(a: TokenCounts, b: TokenCounts): TokenCounts {
  return combine(a, b, Math.max);
}

export function sumTokens(counts: readonly TokenCounts[]): TokenCounts {
  return counts.reduce((sum, next) => combine(sum, next, (x, y) => x + y), noTokens);
}

export function totalTokens({ input, cacheWrite, cacheRead, output }: TokenCounts): number {
  return input + cacheWrite + cacheRead + output;
}

function combine(a: TokenCounts, b: TokenCounts, merge: (x: number, y: number) => number): TokenCounts {
  return {
    input: merge(a.input, b.input),
    cacheWrite: merge(a.cacheWrite, b.cacheWrite),
    cacheRead: merge(a.cacheRead, b.cacheRead),
    output: merge(a.output, b.output),
  };
}
