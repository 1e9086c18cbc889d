// `npm pack --json` prints its answer to standard output, and scripts read it there.
const stream =
  process.env.npm_command === "pack" || process.env.npm_command === "publish" ? "stderr" : "stdout";

/** @param {string} line */
export function say(line) {
  process[stream].write(`${line}\n`);
}

/**
 * Says what is being done, does it, and says how long it took.
 *
 * @template T
 * @param {string} what such as `installing the npm packages`
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const startedAt = performance.now();
  say(`> ${what} …`);
  try {
    const result = await work();
    say(`  done in ${formatSeconds(performance.now() - startedAt)}`);
    return result;
  } catch (error) {
    say(`  failed after ${formatSeconds(performance.now() - startedAt)}`);
    throw error;
  }
}

/** @param {number} durationMs */
export function formatSeconds(durationMs) {
  return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 0)} s`;
}
