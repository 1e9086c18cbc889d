import assert from "node:assert/strict";
import type { GuestEnd, RunSurroundings } from "../../provider/agentRun/companions";
import { GuestEndedSignal, waitInGuest } from "../../provider/agentRun/waitInGuest";
import type { WaitOutcome } from "../../provider/taskServer/controlClient";
import { catchError } from "../support/catchError";
import { LocalHost } from "../support/taskServer/localHost";
import { fakeSurroundings } from "./fakeSurroundings";

const outcome = { isFinal: false, record: {} } as WaitOutcome;
const end: GuestEnd = { how: "signal SIGKILL", serialTail: "last words" };

/** A promise that is settled by hand. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let settle: Pick<PromiseWithResolversLike<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  if (settle === undefined) throw new Error("unreachable");
  return { promise, ...settle };
}

interface PromiseWithResolversLike<T> {
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

describe("waitInGuest", () => {
  const host = new LocalHost();

  function start(
    watchGuest: RunSurroundings["watchGuest"],
    wait: () => Promise<WaitOutcome>,
  ): Promise<WaitOutcome> {
    return waitInGuest(host, fakeSurroundings({ watchGuest }), "the-task", wait);
  }

  it("ends the watch when the result is there", async () => {
    let watched: AbortSignal | undefined;
    const watch = (_host: unknown, signal: AbortSignal): Promise<GuestEnd> => {
      watched = signal;
      return deferred<GuestEnd>().promise;
    };
    assert.equal(await start(watch, () => Promise.resolve(outcome)), outcome);
    assert.equal(watched?.aborted, true);
  });

  it("takes a result that is on its way when the guest ends: it may be the guest's last act", async () => {
    const waiting = deferred<WaitOutcome>();
    const watch = (): Promise<GuestEnd> => {
      setTimeout(waiting.resolve, 100, outcome);
      return Promise.resolve(end);
    };
    assert.equal(await start(watch, () => waiting.promise), outcome);
  });

  it("gives up, with how the guest has ended, when no result follows", async () => {
    const error = await catchError(
      start(
        () => Promise.resolve(end),
        () => deferred<WaitOutcome>().promise,
      ),
    );
    assert.ok(error instanceof GuestEndedSignal);
    assert.deepEqual([error.taskId, error.end], ["the-task", end]);
  });

  for (const [what, watch, wait] of [
    ["the wait", () => deferred<GuestEnd>().promise, () => Promise.reject(new Error("it broke"))],
    ["the watch", () => Promise.reject(new Error("it broke")), () => deferred<WaitOutcome>().promise],
    [
      "the wait after the guest's end",
      () => Promise.resolve(end),
      () => Promise.reject(new Error("it broke")),
    ],
  ] as const) {
    it(`fails with what ${what} fails with`, async () => {
      assert.equal((await catchError(start(watch, wait))).message, "it broke");
    });
  }
});
