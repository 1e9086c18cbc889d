import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { runBounded, type Bounds, type Settle } from "../../provider/ssh/runBounded";

const timeUp = new Error("time is up");

function bounds(more: Partial<Bounds> = {}): Bounds {
  return { timeoutMs: 10_000, makeTimeoutError: () => timeUp, signals: [], ...more };
}

describe("runBounded", () => {
  it("returns what the operation returns, and takes its listeners away", async () => {
    const { signal } = new AbortController();
    const pending = runBounded<string>(bounds({ signals: [signal] }), (settle) => {
      setImmediate(() => {
        settle.resolve("done");
      });
      return undefined;
    });
    assert.equal(getEventListeners(signal, "abort").length, 1);
    assert.equal(await pending, "done");
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  it("ends at its time-out, stops the operation, and ignores what comes later", async () => {
    let stops = 0;
    let late: Settle<string> | undefined;
    const pending = runBounded<string>(bounds({ timeoutMs: 1 }), (settle) => {
      late = settle;
      return () => {
        stops += 1;
      };
    });
    await assert.rejects(pending, timeUp);
    late?.resolve("late");
    assert.deepEqual([stops, late?.isOver()], [1, true]);
  });

  it("ends with the reason of the signal that aborts first", async () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const pending = runBounded(bounds({ signals: [one.signal, two.signal] }), () => undefined);
    const reason = new Error("enough");
    two.abort(reason);
    one.abort(new Error("too late"));
    await assert.rejects(pending, reason);
  });

  it("does not start where a signal has aborted before", async () => {
    const reason = new Error("enough");
    let isStarted = false;
    const pending = runBounded(bounds({ signals: [AbortSignal.abort(reason)] }), () => {
      isStarted = true;
      return undefined;
    });
    await assert.rejects(pending, reason);
    assert.equal(isStarted, false);
  });
});
