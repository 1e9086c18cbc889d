/** How long each fuzzer goes on, in seconds; absent in `npm test`, where they stop after a number of cases. */
export function readSoakSeconds(): number | undefined {
  const given = process.env.FC_AGENTS_SOAK_SECONDS;
  if (given === undefined || given === "") return undefined;
  const seconds = Number(given);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new Error(`Expected FC_AGENTS_SOAK_SECONDS to be a number of seconds, got ${given}`);
}

/** The time that a test may take: what it needs in `npm test`, and the soak's seconds on top of that. */
export function boundMs(usualMs: number): number {
  return usualMs + (readSoakSeconds() ?? 0) * 1000;
}
