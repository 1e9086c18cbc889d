import assert from "node:assert/strict";
import { describeProgress } from "../../provider/agentRun/describeProgress";
import { taskRecordSchema, type RunProgress } from "../../provider/taskServer/taskRecord";

function stateOf(state: "queued" | "claimed", progress: RunProgress = {}, ahead = 0) {
  const record = taskRecordSchema.parse({
    id: "t1",
    owner: "k",
    state,
    attempts: 1,
    guest: "172.16.0.2",
    queuedAt: "2026-01-01T00:00:00.000Z",
  });
  return { record, ahead, progress };
}

describe("describeProgress", () => {
  it("says how many tasks are ahead", () => {
    assert.equal(describeProgress(stateOf("queued", {}, 3)), "queued behind 3");
    assert.equal(describeProgress(stateOf("queued")), "queued, next in turn");
  });

  it("says who has the task as long as nothing more is known", () => {
    assert.equal(describeProgress(stateOf("claimed"), 2.4), "claimed by 172.16.0.2, 2 s");
  });

  it("says what the guest is doing before the agent runs", () => {
    assert.equal(describeProgress(stateOf("claimed", { state: "cloning" }), 1), "cloning, 1 s");
    assert.equal(describeProgress(stateOf("claimed", { state: "running" }), 2), "running, 2 s");
  });

  it("says that the guest collects what the agent has done after its last turn", () => {
    const progress = { state: "collecting", turn: 3, tool: "Edit", costUsd: 0.5 };
    assert.equal(describeProgress(stateOf("claimed", progress), 9), "collecting, 9 s, $0.50");
  });

  it("says turn, tool, time and cost", () => {
    const progress = { state: "running", turn: 3, tool: "Edit", detail: "src/app.ts", costUsd: 0.123 };
    assert.equal(describeProgress(stateOf("claimed", progress), 41), "turn 3: Edit src/app.ts, 41 s, $0.12");
  });

  it("lets no control character of the guest reach the terminal", () => {
    const text = describeProgress(
      stateOf("claimed", { turn: 1, tool: "\u001b]0;x\u0007", detail: "\u202e" }),
      1,
    );
    assert.doesNotMatch(text, /\p{C}/u);
  });
});
