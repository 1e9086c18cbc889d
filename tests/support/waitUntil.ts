import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something holds that announces itself by no event; fails, naming it, when it takes too long. */
export async function waitUntil(what: string, holds: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`after ${timeoutMs} ms still not so: ${what}`);
    await sleep(20);
  }
}
