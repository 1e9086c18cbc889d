import assert from "node:assert/strict";
import fc from "fast-check";
import { inlineResultBytes } from "../../provider/agentRun/cutResult";
import { describeOutcome } from "../../provider/agentRun/describeOutcome";
import type { TaskRecord } from "../../provider/taskServer/taskRecord";
import { taskSchema } from "../../provider/fcTaskServer/taskSchema";

const record: TaskRecord = {
  id: "t1",
  owner: "k",
  state: "done",
  attempts: 1,
  guest: "172.16.0.2",
  queuedAt: "2026-01-01T00:00:00.000Z",
  claimedAt: "2026-01-01T00:00:01.000Z",
  finishedAt: "2026-01-01T00:00:03.500Z",
  durationMs: 2500,
  exitCode: 0,
  resultBytes: 5,
  resultSha256: "00",
  masked: false,
  collected: false,
  parts: [],
};
const textTask = taskSchema.parse({ prompt: "p" });
const jsonTask = taskSchema.parse({ prompt: "p", outputFormat: "json" });

function describeBody(body: Buffer | string, overrides: Partial<TaskRecord> = {}, task = textTask) {
  const head = Buffer.from(body);
  const whole = { ...record, resultBytes: head.length, ...overrides };
  return describeOutcome({ isFinal: true, record: whole, head, tail: Buffer.alloc(0) }, task, true);
}

describe("describeOutcome", () => {
  it("tells result, times and duration of a run", () => {
    const outputs = describeBody("hello");
    assert.equal(outputs.result, "hello");
    assert.equal(outputs.status, "done");
    assert.equal(outputs.durationSeconds, 2.5);
    assert.equal(outputs.guest, "172.16.0.2");
  });

  it("takes an exit code other than 0 as a failure", () => {
    const outputs = describeBody("ERROR", { exitCode: 3 });
    assert.equal(outputs.status, "failed");
    assert.equal(outputs.isAgentError, true);
    assert.equal(outputs.reason, "the agent ended with exit code 3");
  });

  it("takes is_error as a failure although subtype says success", () => {
    const body = JSON.stringify({
      subtype: "success",
      is_error: true,
      api_error_status: 401,
      result: "no login",
    });
    const outputs = describeBody(body, { exitCode: 1 }, jsonTask);
    assert.equal(outputs.status, "failed");
    assert.equal(outputs.reason, "the API refused the agent with status 401: no login");
    assert.equal(outputs.result, "no login");
  });

  it("reads figures from the agent's JSON", () => {
    const json = {
      result: "ok",
      session_id: "s",
      num_turns: 2,
      total_cost_usd: 0.5,
      usage: { input_tokens: 7 },
    };
    const outputs = describeBody(JSON.stringify(json), {}, jsonTask);
    assert.deepEqual(
      [outputs.result, outputs.sessionId, outputs.numTurns, outputs.costUsd, outputs.usage],
      ["ok", "s", 2, 0.5, { input_tokens: 7 }],
    );
  });

  it("keeps text that is not the JSON that was asked for as it is", () => {
    assert.equal(describeBody("Killed", {}, jsonTask).result, "Killed");
  });

  it("shows bytes that are not UTF-8 as replacement characters", () => {
    assert.equal(describeBody(Buffer.from([0x61, 0xff, 0x62])).result, "a\ufffdb");
  });

  it("keeps head and tail of a long result, with the size of what is left out", () => {
    const half = inlineResultBytes / 2;
    const outputs = describeOutcome(
      {
        isFinal: true,
        record: { ...record, resultBytes: 5_000_000 },
        head: Buffer.alloc(half, "a"),
        tail: Buffer.alloc(half, "z"),
      },
      textTask,
      true,
    );
    assert.equal(outputs.isTruncated, true);
    assert.match(outputs.result ?? "", /^a+\n\[… 3951424 of 5000000 bytes left out …\]\nz+$/);
  });

  it("never cuts a character of a long text in two", () => {
    const half = inlineResultBytes / 2;
    fc.assert(
      fc.property(
        fc.constantFrom("é", "€", "😀"),
        fc.nat(3),
        fc.nat(3),
        (character, headShift, tailShift) => {
          const bytes = Buffer.from(character.repeat(half));
          const head = Buffer.concat([Buffer.alloc(headShift, "x"), bytes]).subarray(0, half);
          const end = Buffer.concat([bytes, Buffer.alloc(tailShift, "x")]);
          const tail = end.subarray(end.length - half);
          const outcome = {
            isFinal: true,
            record: { ...record, resultBytes: 9_000_000 },
            head,
            tail,
          } as const;
          assert.doesNotMatch(describeOutcome(outcome, textTask, true).result ?? "", /\ufffd/);
        },
      ),
      { numRuns: 24 },
    );
  });

  it("has no result while the task is not finished", () => {
    const outputs = describeOutcome(
      { isFinal: false, record: { ...record, state: "claimed" } },
      textTask,
      true,
    );
    assert.equal(outputs.status, "claimed");
    assert.equal(outputs.result, undefined);
  });
});
