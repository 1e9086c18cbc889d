import assert from "node:assert/strict";
import { agentRunLifecycle } from "../../provider/agentRun/agentRunLifecycle";

const connection = { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };

async function failuresOf(overrides: Record<string, unknown>): Promise<unknown> {
  const inputs = { connection, task: { prompt: "p" }, stableKey: "k", ...overrides };
  return (await agentRunLifecycle.check({}, inputs)).failures;
}

describe("the check of AgentRun", () => {
  for (const state of ["running", "on-demand", undefined]) {
    it(`takes a microVM that is declared ${state ?? "without a state"}`, async () => {
      const microVm = { instanceId: "fc-1", stableKey: "k", declared: { state } };
      assert.deepEqual(await failuresOf({ microVm }), []);
    });
  }

  for (const state of ["stopped", "paused"]) {
    it(`refuses a microVM that is declared ${state}: it could not run in there`, async () => {
      const microVm = { instanceId: "fc-1", stableKey: "k", declared: { state } };
      assert.deepEqual(await failuresOf({ microVm }), [
        {
          property: "microVm",
          reason: `Expected \`microVm\` to be declared with \`state: "on-demand"\` or "running", got \`${state}\` (string)`,
        },
      ]);
    });
  }
});
