import assert from "node:assert/strict";
import { ChannelSlots } from "../../provider/ssh/channelSlots";
import type { Bounds } from "../../provider/ssh/runBounded";

const timeUp = new Error("time is up");
const patient: Bounds = { timeoutMs: 10_000, makeTimeoutError: () => timeUp, signals: [] };

async function takeAll(slots: ChannelSlots, count: number): Promise<(() => void)[]> {
  return Promise.all(Array.from({ length: count }, () => slots.take(patient)));
}

describe("ChannelSlots", () => {
  it("lets eight in, and the next one when one of them is done", async () => {
    const slots = new ChannelSlots();
    const [first] = await takeAll(slots, 8);
    let isIn = false;
    const ninth = slots.take(patient).then((release) => {
      isIn = true;
      return release;
    });
    await new Promise(setImmediate);
    assert.equal(isIn, false);
    first?.();
    await ninth;
  });

  it("counts a slot that is given back twice only once", async () => {
    const slots = new ChannelSlots();
    const [first] = await takeAll(slots, 8);
    first?.();
    first?.();
    await slots.take(patient);
    await assert.rejects(slots.take({ ...patient, timeoutMs: 1 }), timeUp);
  });

  it("loses no slot to one who gave up waiting", async () => {
    const slots = new ChannelSlots();
    const [first] = await takeAll(slots, 8);
    const aborter = new AbortController();
    const reason = new Error("enough");
    const impatient = slots.take({ ...patient, signals: [aborter.signal] });
    const next = slots.take(patient);
    aborter.abort(reason);
    await assert.rejects(impatient, reason);
    first?.();
    await next;
  });

  it("lets fewer in once the host has refused one, but always one", async () => {
    const slots = new ChannelSlots();
    const [first, second] = await takeAll(slots, 2);
    assert.equal(slots.shrink(), true);
    second?.();
    await assert.rejects(slots.take({ ...patient, timeoutMs: 1 }), timeUp);
    assert.equal(slots.shrink(), false);
    first?.();
    await slots.take(patient);
  });
});
