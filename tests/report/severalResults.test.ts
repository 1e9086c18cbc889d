import assert from "node:assert/strict";
import { answer, init, readEvents } from "./transcriptOf";

const result = {
  type: "result",
  session_id: init.session_id,
  total_cost_usd: 0.5,
  num_turns: 2,
  duration_ms: 1000,
  usage: { input_tokens: 10, output_tokens: 1 },
};

describe("A transcript with several results", () => {
  it("is of one run where they have one session: its cost is told for all, turns, time and tokens for each", async () => {
    const last = { ...result, total_cost_usd: 0.75, num_turns: 1, duration_ms: 500 };
    const { result: total, entries } = await readEvents(init, answer("m1", []), result, init, last);
    assert.deepEqual([total?.costUsd, total?.numTurns, total?.durationMs], [0.75, 3, 1500]);
    assert.deepEqual([total?.tokens?.input, total?.tokens?.output], [20, 2]);
    assert.equal(entries.length, 1);
  });

  it("is of a run that was started again where they have not", async () => {
    const again = { ...init, session_id: "s2" };
    const last = { ...result, session_id: "s2", num_turns: 1 };
    const { result: total, entries } = await readEvents(init, result, again, last);
    assert.equal(total?.numTurns, 1);
    assert.deepEqual(entries, [{ kind: "note", title: "The agent was started again" }]);
  });
});
