import { setTimeout as delay } from "node:timers/promises";
import type { Host } from "../ssh/host";
import type { WaitOutcome } from "../taskServer/controlClient";
import type { GuestEnd, RunSurroundings } from "./companions";

/** A guest's last act may be its result: how long that may still be on its way, in milliseconds. */
const lastResultMs = 2000;

/** Thrown inside a run when its microVM has ended before the result came. */
export class GuestEndedSignal extends Error {
  public constructor(
    public readonly taskId: string,
    public readonly end: GuestEnd,
  ) {
    super(`the microVM ended with ${end.how}`);
    this.name = "GuestEndedSignal";
  }
}

/**
 * Waits for a task as long as the microVM lives that is at work on it.
 *
 * @throws GuestEndedSignal when the microVM has ended and no result came.
 */
export async function waitInGuest(
  host: Host,
  surroundings: RunSurroundings,
  taskId: string,
  wait: () => Promise<WaitOutcome>,
): Promise<WaitOutcome> {
  const watch = new AbortController();
  const waiting = wait();
  // Given up when the guest has ended: then its conversation is closed.
  waiting.catch(() => undefined);
  const ended = surroundings.watchGuest(host, watch.signal);
  ended.catch(() => undefined);
  try {
    const end = await Promise.race([waiting.then(() => undefined), ended]);
    if (end === undefined) return await waiting;
    const grace = delay(lastResultMs, undefined, { signal: watch.signal });
    grace.catch(() => undefined);
    const last = await Promise.race([waiting, grace]);
    if (last === undefined) throw new GuestEndedSignal(taskId, end);
    return last;
  } finally {
    watch.abort();
  }
}
