import assert from "node:assert/strict";
import type { AgentRunInputs, AgentRunState } from "../../provider/agentRun/agentRunContract";
import { isUnfinished, planFirstRun, planNextRun } from "../../provider/agentRun/planRun";
import { agentRunSchema } from "../../provider/agentRun/agentRunContract";

const connection = { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
const task = { prompt: "p" };

function inputsWith(overrides: Record<string, unknown> = {}): AgentRunInputs {
  return agentRunSchema.parse({ connection, task, stableKey: "k", ...overrides });
}

function stateWith(overrides: Partial<AgentRunState> = {}): AgentRunState {
  const outputs = { taskId: "t1", status: "done", attempts: 1, queuedAt: "", isTruncated: false } as const;
  return {
    ...inputsWith(),
    ...outputs,
    isTokenMasked: false,
    isAgentError: false,
    isOwnTask: true,
    ...overrides,
  };
}

const again = { kind: "submit", previousTaskId: "t1" };
const keep = { kind: "keep" };

describe("planFirstRun", () => {
  it("queues a task of its own", () => {
    assert.deepEqual(planFirstRun(inputsWith()), { kind: "submit", previousTaskId: undefined });
  });

  it("collects the server's task when it has none", () => {
    assert.deepEqual(planFirstRun(inputsWith({ task: undefined, serverTask: task })), { kind: "collect" });
  });
});

describe("planNextRun", () => {
  it("runs again for another task, chained to the previous id", () => {
    assert.deepEqual(planNextRun(stateWith(), inputsWith({ task: { prompt: "q" } })), again);
  });

  it("runs again for other triggers", () => {
    assert.deepEqual(planNextRun(stateWith(), inputsWith({ triggers: [1] })), again);
  });

  const harmless: Record<string, Record<string, unknown>> = {
    "another key": { connection: { ...connection, password: "x" } },
    "another time-out": { timeoutSeconds: 600 },
    "another failure rule": { failOnAgentError: false },
    "another host": { connection: { ...connection, host: "other.example.com" } },
    "another port of the server": { tapPort: 8081 },
    "an option given with its default": { task: { prompt: "p", effort: "low", maxAttempts: 1 } },
  };
  for (const [name, change] of Object.entries(harmless)) {
    it(`keeps the result of its own task for ${name}`, () => {
      assert.deepEqual(planNextRun(stateWith(), inputsWith(change)), keep);
    });
  }

  it("collects again from another server, when it has no task of its own", () => {
    const own = { task: undefined, serverTask: task };
    const state = stateWith({ ...inputsWith(own), isOwnTask: false });
    assert.deepEqual(planNextRun(state, inputsWith({ ...own, tapPort: 8081 })), { kind: "collect" });
    assert.deepEqual(planNextRun(state, inputsWith({ ...own, serverTask: { prompt: "q" } })), {
      kind: "collect",
    });
    assert.deepEqual(planNextRun(state, inputsWith(own)), keep);
  });

  it("queues the server's task itself when triggers change", () => {
    const own = { task: undefined, serverTask: task };
    const state = stateWith({ ...inputsWith(own), isOwnTask: false });
    assert.deepEqual(planNextRun(state, inputsWith({ ...own, triggers: [1] })), again);
  });

  for (const status of ["queued", "claimed"] as const) {
    it(`goes on waiting for a ${status} task`, () => {
      const wait = { kind: "wait", taskId: "t1", isOwnTask: true };
      assert.deepEqual(planNextRun(stateWith({ status }), inputsWith({ timeoutSeconds: 900 })), wait);
    });

    it(`queues a ${status} task anew when its server was replaced`, () => {
      assert.deepEqual(planNextRun(stateWith({ status }), inputsWith({ tapPort: 8081 })), again);
    });
  }

  it("tries a failure again that the stack was told of", () => {
    assert.deepEqual(planNextRun(stateWith({ status: "failed" }), inputsWith()), again);
  });

  it("never tries a failure again that the stack accepts or accepted", () => {
    const accepted = stateWith({ status: "failed", failOnAgentError: false });
    assert.deepEqual(planNextRun(accepted, inputsWith({ failOnAgentError: false })), keep);
    assert.deepEqual(planNextRun(accepted, inputsWith({ failOnAgentError: true })), keep);
    assert.deepEqual(
      planNextRun(stateWith({ status: "failed" }), inputsWith({ failOnAgentError: false })),
      keep,
    );
  });

  it("queues a withdrawn task anew, as no agent ran it", () => {
    assert.deepEqual(planNextRun(stateWith({ status: "cancelled" }), inputsWith()), again);
  });

  it("fetches a finished result once more for a new resultPath, without a run", () => {
    const wait = { kind: "wait", taskId: "t1", isOwnTask: true };
    assert.deepEqual(planNextRun(stateWith(), inputsWith({ resultPath: "out.txt" })), wait);
    const saved = stateWith({ resultPath: "out.txt", savedTo: "out.txt" });
    assert.deepEqual(planNextRun(saved, inputsWith({ resultPath: "out.txt" })), keep);
  });
});

describe("isUnfinished", () => {
  it("is true until there is a result, or a failure that the stack accepts", () => {
    assert.equal(isUnfinished(stateWith()), false);
    assert.equal(isUnfinished(stateWith({ status: "claimed" })), true);
    assert.equal(isUnfinished(stateWith({ status: "failed" })), true);
    assert.equal(isUnfinished(stateWith({ status: "failed", failOnAgentError: false })), false);
    assert.equal(isUnfinished(stateWith({ resultPath: "out.txt" })), true);
  });
});
