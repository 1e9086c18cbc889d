import { randomInt } from "node:crypto";

/** A generator whose numbers depend on its seed alone. */
export interface SeededRandom {
  /** A number from 0 up to, and without, 1. */
  next(): number;
  /** A whole number from 0 up to, and without, the bound. */
  below(bound: number): number;
}

/** The seed of this run: that of an earlier one where `FC_AGENTS_SEED` names it. */
export function readSeed(): number {
  const given = process.env.FC_AGENTS_SEED;
  if (given === undefined || given === "") return randomInt(2 ** 31);
  const seed = Number(given);
  if (!Number.isSafeInteger(seed))
    throw new Error(`Expected FC_AGENTS_SEED to be a whole number, got ${given}`);
  return seed;
}

/** Mulberry32: short, and good enough to choose instants. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (bound) => Math.floor(next() * bound) };
}

/** Runs work that depends on a seed, and names the seed where it fails. */
export async function withSeed<T>(work: (seed: number) => Promise<T>): Promise<T> {
  const seed = readSeed();
  try {
    return await work(seed);
  } catch (error) {
    if (error instanceof Error) error.message += `\nThe same again: FC_AGENTS_SEED=${seed}`;
    throw error;
  }
}
