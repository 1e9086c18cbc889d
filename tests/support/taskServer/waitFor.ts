import { setTimeout as sleep } from "node:timers/promises";

/** Looks again and again until there is something to return; fails, naming what was waited for, after the bound. */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 8000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`after ${timeoutMs} ms still not so: ${what}`);
    await sleep(10);
  }
}
