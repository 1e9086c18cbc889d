import assert from "node:assert/strict";
import type { ErrorKind } from "../../provider/agentRun/classifyFailure";
import type { Reply } from "../support/realAgent/modelApi";
import { useRealAgent } from "../support/realAgent/useRealAgent";

const resetsAt = "2100-01-01T00:00:00.000Z";
const endlessTool: Reply = { tool: "Bash", input: { command: "true", description: "Do nothing" } };

interface Case {
  readonly name: string;
  readonly kind: ErrorKind;
  readonly task?: Readonly<Record<string, unknown>>;
  readonly reply: Reply;
  readonly reason: RegExp;
  readonly limitResetsAt?: string;
}

const cases: readonly Case[] = [
  {
    name: "a token that the API does not take",
    kind: "api-refused",
    reply: { status: 401, type: "authentication_error", message: "invalid bearer token" },
    reason: /^the API refused the agent with status 401: Failed to authenticate\. .*invalid bearer token$/,
  },
  {
    name: "no login at all",
    kind: "not-logged-in",
    task: { env: { REAL_AGENT_WITHOUT_LOGIN: "1" } },
    reply: { text: "Never asked" },
    reason: /^the agent is not logged in: Not logged in · Please run \/login$/,
  },
  {
    name: "a usage limit of the subscription",
    kind: "rate-limited",
    reply: {
      status: 429,
      type: "rate_limit_error",
      message: "This request would exceed your account's rate limit.",
      headers: {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": String(Date.parse(resetsAt) / 1000),
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
      },
    },
    reason: /^the API's rate or usage limit was reached, until 2100-01-01T00:00:00\.000Z: You've hit your/,
    limitResetsAt: resetsAt,
  },
  {
    name: "a rate limit of the API, which says nothing of its end",
    kind: "rate-limited",
    reply: { status: 429, type: "rate_limit_error", message: "Slow down." },
    reason: /^the API's rate or usage limit was reached: API Error: .* Slow down\.$/,
  },
  {
    name: "an API that is overloaded",
    kind: "api-refused",
    reply: { status: 529, type: "overloaded_error", message: "Overloaded" },
    reason: /^the API refused the agent with status 529: .*Overloaded/,
  },
  {
    name: "an API that is not there",
    kind: "agent-failed",
    task: { env: { ANTHROPIC_BASE_URL: "http://127.0.0.1:1" } },
    reply: { text: "Never asked" },
    reason: /^the agent reported an error \(exit code 1\): API Error: Connection refused/,
  },
  {
    name: "maxTurns",
    kind: "turns-reached",
    task: { maxTurns: 2 },
    reply: endlessTool,
    reason: /^the agent reached `maxTurns` before it was done$/,
  },
  {
    name: "maxBudgetUsd",
    kind: "budget-reached",
    task: { maxBudgetUsd: 0.001 },
    reply: endlessTool,
    reason: /^the agent reached `maxBudgetUsd` before it was done$/,
  },
];

describe("the real agent that fails", function () {
  this.timeout(30_000);
  const agent = useRealAgent();

  for (const outputFormat of ["text", "json", "stream-json"]) {
    for (const { name, kind, task, reply, reason, limitResetsAt } of cases) {
      // The same object, behind the events: once is enough.
      if (outputFormat === "stream-json" && limitResetsAt === undefined) continue;
      it(`is ${kind} because of ${name}, where ${outputFormat} was asked for`, async () => {
        const { state } = await agent().run({ outputFormat, ...task }, reply);
        assert.deepEqual([state.errorKind, state.exitCode, state.status], [kind, 1, "failed"]);
        assert.match(state.reason ?? "", reason);
        assert.equal(state.limitResetsAt, limitResetsAt);
        assert.match(state.sessionId ?? "", /^[0-9a-f-]{36}$/);
        const isPaid = kind === "turns-reached" || kind === "budget-reached";
        assert.equal((state.costUsd ?? NaN) > 0, isPaid);
      });
    }
  }

  it("is timed-out when the API does not answer within `timeoutSeconds`", async () => {
    const { state, transcript } = await agent().run({ timeoutSeconds: 10 }, "hang");
    assert.deepEqual([state.errorKind, state.exitCode, state.status], ["timed-out", 143, "failed"]);
    assert.match(state.reason ?? "", /^the agent was ended by its deadline, `timeoutSeconds` of the task/);
    assert.match(transcript, /"subtype":"init"/);
  });
});
