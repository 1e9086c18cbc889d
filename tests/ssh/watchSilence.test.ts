import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { watchSilence } from "../../provider/ssh/watchSilence";

const pace = { intervalMs: 20, silentChecks: 3 };

describe("watchSilence", () => {
  it("calls when nothing has come for as many checks as it may", async () => {
    const start = Date.now();
    // Its own timer holds no process, so that the test needs one.
    const holder = setInterval(() => undefined, 1000);
    try {
      await new Promise<void>((resolve) => watchSilence(new PassThrough(), resolve, pace));
      assert.ok(Date.now() - start >= 55);
    } finally {
      clearInterval(holder);
    }
  });

  it("does not call while a trickle comes, nor after its end", async () => {
    let calls = 0;
    const stream = new PassThrough();
    const stop = watchSilence(stream, () => (calls += 1), pace);
    for (let piece = 0; piece < 20; piece += 1) {
      const heard = once(stream, "data");
      setTimeout(() => stream.write("x"), 10);
      await heard;
    }
    assert.equal(calls, 0);
    stop();
    assert.equal(stream.listenerCount("data"), 0);
  });
});
