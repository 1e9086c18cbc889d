import type { Readable } from "node:stream";

/** How often it is looked whether something has come, and how many times in a row nothing may have. */
const defaultPace = { intervalMs: 5000, silentChecks: 3 };

/**
 * Calls `onSilent` when nothing has come through a stream for 10 to 15 s. Checks are counted and the clock is not
 * read, so that a machine that wakes up does not take its own sleep for silence. Returns a function that ends the watch.
 */
export function watchSilence(stream: Readable, onSilent: () => void, pace = defaultPace): () => void {
  let silentChecks = 0;
  const onData = (): void => {
    silentChecks = 0;
  };
  const stop = (): void => {
    clearInterval(timer);
    stream.off("data", onData);
  };
  const timer = setInterval(() => {
    silentChecks += 1;
    if (silentChecks < pace.silentChecks) return;
    stop();
    onSilent();
  }, pace.intervalMs).unref();
  stream.on("data", onData);
  return stop;
}
