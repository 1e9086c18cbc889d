import type { Figure } from "./benchRow";

export function median(samples: readonly number[]): number {
  return percentile(samples, 50);
}

/** Interpolates between the two samples next to the rank, so that the 50th is the usual median. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(rank)] ?? NaN;
  const above = sorted[Math.ceil(rank)] ?? NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

export function figure(unit: Figure["unit"], samples: readonly number[]): Figure {
  return { unit, samples: samples.map((sample) => Number(sample.toPrecision(6))), median: median(samples) };
}

/** `3.4 ms`, `120 ms`, `1.25 s`. */
export function formatMs(durationMs: number): string {
  if (durationMs >= 1000) return `${(durationMs / 1000).toFixed(2)} s`;
  return `${durationMs.toFixed(durationMs < 100 ? 1 : 0)} ms`;
}

export function formatMiB(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** The clock that every process of a machine shares (CLOCK_MONOTONIC), in milliseconds: Python's `time.monotonic`. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
