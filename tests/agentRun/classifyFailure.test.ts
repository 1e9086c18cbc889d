import assert from "node:assert/strict";
import { classifyFailure, type ErrorKind, type Evidence } from "../../provider/agentRun/classifyFailure";

const cases: readonly (readonly [string, Partial<Evidence>, ErrorKind | undefined, RegExp])[] = [
  ["a run that ended with 0", {}, undefined, /^$/],
  ["an exit code", { exitCode: 3 }, "agent-failed", /ended with exit code 3/],
  [
    "is_error although subtype says success",
    { exitCode: 1, json: { is_error: true, subtype: "success", result: "it broke" } },
    "agent-failed",
    /reported an error \(exit code 1\)/,
  ],
  ["is_error with exit code 0", { json: { is_error: true } }, "agent-failed", /reported an error/],
  [
    "a missing login",
    { exitCode: 1, json: { is_error: true, result: "Not logged in · Please run /login" } },
    "not-logged-in",
    /not logged in/,
  ],
  [
    "a 401 of the API",
    { exitCode: 1, json: { is_error: true, api_error_status: 401, result: "Failed to authenticate." } },
    "api-refused",
    /status 401: Failed to authenticate/,
  ],
  [
    "a 429 of the API",
    { exitCode: 1, json: { is_error: true, api_error_status: 429, result: "Too many requests" } },
    "rate-limited",
    /rate or usage limit was reached: Too many requests/,
  ],
  [
    "a usage limit with its reset",
    { exitCode: 1, text: "Claude AI usage limit reached|1767225600" },
    "rate-limited",
    /until 2026-01-01T00:00:00\.000Z/,
  ],
  [
    "maxTurns",
    { exitCode: 1, json: { is_error: true, subtype: "error_max_turns" } },
    "turns-reached",
    /maxTurns/,
  ],
  [
    "maxBudgetUsd",
    { exitCode: 1, json: { is_error: true, subtype: "error_max_budget_usd" } },
    "budget-reached",
    /maxBudgetUsd/,
  ],
  ["a deadline of the task", { exitCode: 143, guestKind: "timed-out" }, "timed-out", /timeoutSeconds/],
  ["a signal", { exitCode: 137, guestKind: "killed" }, "killed", /killed by a signal/],
  [
    "a clone that failed, with git's own words",
    { exitCode: 128, guestKind: "clone-failed", text: "fatal: repository not found\nmore" },
    "clone-failed",
    /could not be cloned: fatal: repository not found$/,
  ],
  ["a kind that no guest sends", { exitCode: 1, guestKind: "__proto__" }, "agent-failed", /exit code 1/],
];

describe("classifyFailure", () => {
  for (const [name, evidence, kind, reason] of cases) {
    it(`takes ${name} as ${kind ?? "no failure"}`, () => {
      const failure = classifyFailure({ exitCode: 0, text: "", ...evidence });
      assert.equal(failure?.kind, kind);
      assert.match(failure?.reason ?? "", reason);
    });
  }

  it("says when a limit ends", () => {
    const failure = classifyFailure({ exitCode: 1, text: "usage limit reached|1767225600" });
    assert.equal(failure?.resetsAt, "2026-01-01T00:00:00.000Z");
  });

  it("lets no control character of the agent's words into the reason", () => {
    const failure = classifyFailure({ exitCode: 1, guestKind: "clone-failed", text: "\u001b[31mred\u0007" });
    assert.doesNotMatch(failure?.reason ?? "", /\p{Cc}/u);
  });
});
