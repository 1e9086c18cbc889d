import assert from "node:assert/strict";
import { findAgentJson } from "../../provider/agentRun/agentJson";
import { classifyFailure, type ErrorKind } from "../../provider/agentRun/classifyFailure";
import { realOutputs } from "./realOutputs";

const finishedAt = new Date("2026-11-25T02:54:43Z");
const event = '{"type":"system","subtype":"init","session_id":"s"}';

const kinds: Readonly<Record<keyof typeof realOutputs, readonly [ErrorKind | undefined, RegExp]>> = {
  answered: [undefined, /^$/],
  refused: ["api-refused", /^the API refused the agent with status 401: .* invalid bearer token$/],
  withoutLogin: ["not-logged-in", /^the agent is not logged in: Not logged in · Please run \/login$/],
  limited: [
    "rate-limited",
    /limit was reached, until 2026-11-25T03:24:00\.000Z: You've hit your 5-hour limit/,
  ],
  slowedDown: ["rate-limited", /limit was reached: API Error: Server is temporarily limiting requests/],
  overloaded: ["api-refused", /^the API refused the agent with status 529: .*Overloaded/],
  disconnected: [
    "agent-failed",
    /^the agent reported an error \(exit code 1\): API Error: Connection refused/,
  ],
  outOfTurns: ["turns-reached", /^the agent reached `maxTurns` before it was done$/],
  outOfBudget: ["budget-reached", /^the agent reached `maxBudgetUsd` before it was done$/],
};

function isOutput(name: string): name is keyof typeof realOutputs {
  return name in realOutputs;
}

describe("What the real agent prints", () => {
  for (const name of Object.keys(kinds).filter(isOutput)) {
    const [kind, reason] = kinds[name];
    const title = `is judged right when it was ${name.replace(/[A-Z].*/, (word) => ` ${word.toLowerCase()}`)}`;
    const exitCode = kind === undefined ? 0 : 1;

    it(`${title}, alone and as the last of its events`, () => {
      for (const text of [`${realOutputs[name]}\n`, `${event}\n${realOutputs[name]}\n`]) {
        const json = findAgentJson(text, true, true);
        assert.equal(typeof json?.session_id, "string");
        const failure = classifyFailure({ exitCode, json, text, finishedAt });
        assert.equal(failure?.kind, kind);
        assert.match(failure?.reason ?? "", reason);
      }
    });

    // Guests of the older generation set no such bounds.
    if (kind === undefined || kind === "turns-reached" || kind === "budget-reached") continue;
    it(`${title}, and a guest of the older generation returned its words only`, () => {
      const said = findAgentJson(realOutputs[name], true, true)?.result;
      const failure = classifyFailure({ exitCode, text: `ERROR: claude exit=1: ${said}`, finishedAt });
      assert.equal(failure?.kind, kind);
    });
  }
});
