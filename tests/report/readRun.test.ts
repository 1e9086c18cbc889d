import assert from "node:assert/strict";
import fc from "fast-check";
import { longestText } from "../../provider/report/read/cutText";
import { callsOf, isTurn } from "../../provider/report/measure/isTurn";
import { measureRun } from "../../provider/report/measure/measureRun";
import { readLines } from "../../provider/report/read/readLines";
import { renderPage } from "../../provider/report/render/renderPage";
import { answer, init, readEvents, readText, toolResult, toolUse } from "./transcriptOf";

describe("readRun", () => {
  it("puts the lines of one answer together and counts its usage once", async () => {
    const usage = { input_tokens: 10, cache_read_input_tokens: 100, output_tokens: 2 };
    const run = await readEvents(
      init,
      answer("m1", [{ type: "thinking", thinking: "Hm" }], { usage }),
      answer("m1", [{ type: "text", text: "Yes" }], { usage: { ...usage, output_tokens: 40 } }),
      answer("m1", [toolUse("t1", "Bash", { command: "ls" })], { usage }),
      toolResult("t1", "a\nb"),
      answer("m2", [{ type: "text", text: "Done" }], { usage }),
    );
    const turns = run.entries.filter(isTurn);
    assert.deepEqual(
      turns.map(({ blocks }) => blocks.map(({ kind }) => kind)),
      [["thinking", "text", "tool"], ["text"]],
    );
    assert.deepEqual(turns[0]?.tokens, { input: 10, cacheWrite: 0, cacheRead: 100, output: 40 });
    assert.equal(turns.flatMap(callsOf)[0]?.result?.text.head, "a\nb");
  });

  it("shows an answer that is written again while it grows only once", async () => {
    const run = await readEvents(
      answer("m1", [{ type: "text", text: "I will" }]),
      answer("m1", [{ type: "text", text: "I will look" }, toolUse("t1", "Read", {})]),
      answer("m1", [{ type: "text", text: "I will look" }, toolUse("t1", "Read", {})]),
    );
    const [turn] = run.entries.filter(isTurn);
    assert.deepEqual(
      turn?.blocks.map((block) => (block.kind === "text" ? block.text.head : block.kind)),
      ["I will look", "tool"],
    );
  });

  it("goes on after broken lines and lists what it passed over", async () => {
    const run = await readEvents(
      "\ufeff" + JSON.stringify(init),
      "not json",
      '{"type":"assistant","mess',
      "42",
      '{"no":"type"}',
      "",
      { type: "stream_event", event: {} },
      { type: "stream_event", event: {} },
      { type: "system", subtype: "hook_started" },
      { type: "__proto__" },
      answer("m1", [{ type: "text", text: "Still here" }, { type: "new_block" }, { untyped: true }]),
    );
    assert.equal(run.model, "model-a");
    assert.equal(run.leftovers.lineCount, 10);
    assert.deepEqual(
      run.leftovers.broken.map(({ line, reason }) => [line, reason]),
      [
        [2, "not JSON"],
        [3, "not JSON"],
        [4, "not an event: it has no type"],
        [5, "not an event: it has no type"],
      ],
    );
    assert.deepEqual(
      [...run.leftovers.unknownTypes],
      [
        ["stream_event", 2],
        ["system/hook_started", 1],
        ["__proto__", 1],
        ["content block without a type", 1],
      ],
    );
    assert.equal(run.entries.length, 1);
  });

  it("counts fields of the wrong type as absent", async () => {
    const run = await readEvents(
      { ...init, model: 7, cwd: null },
      { type: "assistant", timestamp: "yesterday", message: { id: "m1", content: "Just text", usage: [] } },
      { type: "user", message: "none" },
      { type: "assistant", message: null },
      { type: "result", is_error: "no", total_cost_usd: -1, duration_ms: "long", modelUsage: { a: 3 } },
    );
    assert.equal(run.model, undefined);
    assert.equal(run.firstAtMs, undefined);
    assert.equal(run.result?.costUsd, undefined);
    assert.equal(run.result?.isError, false);
    assert.deepEqual(run.entries.filter(isTurn)[0]?.blocks.length, 1);
  });

  it("reads all events of one array, as `--output-format json` prints them", async () => {
    const run = await readEvents(JSON.stringify([init, answer("m1", [{ type: "text", text: "Hi" }])]));
    assert.equal(run.entries.length, 1);
  });

  it("takes the prompt from the guest agent, or from the first message", async () => {
    const message = { type: "user", message: { role: "user", content: "Do it" } };
    assert.equal((await readEvents(init, message)).prompt, "Do it");
    const told = await readEvents({ type: "fc-agents", state: "running", prompt: "Do that" }, message);
    assert.equal(told.prompt, "Do that");
  });

  it("tells a transcript that was cut off from one that has no result", async () => {
    const cut = await readEvents(init, { type: "fc-agents", state: "transcript-cut-off" });
    assert.equal(measureRun(cut).outcome.label, "Unknown: the transcript was cut off");
    assert.equal(measureRun(await readEvents(init)).outcome.label, "Unfinished: no result in the transcript");
  });

  it("keeps the beginning and the end of a long output and says how much lies between", async () => {
    const output = "A".repeat(longestText) + "€".repeat(1000) + "Z".repeat(20_000);
    const run = await readEvents(answer("m1", [toolUse("t1", "Bash", {})]), toolResult("t1", output));
    const text = run.entries.filter(isTurn).flatMap(callsOf)[0]?.result?.text;
    assert.ok(text !== undefined && text.tail.endsWith("Z") && text.head.startsWith("A"));
    assert.equal(text.head.length + text.tail.length, longestText);
    assert.equal(
      text.omittedBytes,
      Buffer.byteLength(output) - Buffer.byteLength(text.head) - Buffer.byteLength(text.tail),
    );
  });

  it("shows a result without its call, and input that is nested too deeply for JSON", async () => {
    const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    const line = JSON.stringify(answer("m1", [toolUse("t1", "Deep", "DEEP")])).replace('"DEEP"', deep);
    const run = await readEvents(line, toolResult("gone", "Lost"));
    const page = renderPage([{ measured: measureRun(run) }]);
    assert.ok(page.includes("nested too deeply") && page.includes("without the call"));
  });

  it("survives any lines", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.json(), fc.string(), anyEvent())), async (lines) => {
        const run = await readText(lines.join("\n"));
        assert.ok(renderPage([{ measured: measureRun(run) }]).endsWith("</html> "));
      }),
      { numRuns: 200 },
    );
  });

  it("reads 16 MiB in a few seconds and makes a page of it", async () => {
    const events: object[] = [init];
    for (let index = 0; index < 400; index += 1) {
      events.push(answer(`m${index}`, [toolUse(`t${index}`, "Bash", { command: `cat ${index}` })]));
      events.push(toolResult(`t${index}`, `${index}\n`.repeat(42_000 / String(index).length / 1.2)));
    }
    const text = events.map((event) => JSON.stringify(event)).join("\n");
    assert.ok(text.length > 16 * 1024 * 1024, `${text.length} bytes`);
    const startedAt = performance.now();
    const page = renderPage([{ measured: measureRun(await readText(text)) }]);
    assert.ok(performance.now() - startedAt < 10_000);
    assert.ok(page.includes("run-1-turn-400"));
  });
});

describe("readLines", () => {
  it("passes over a line that is longer than allowed and reads the next one", async () => {
    const lines = [];
    const chunks = [Buffer.from("ab\ncdefgh"), Buffer.from("ijk\nlm\n\n"), Buffer.from("n")];
    for await (const line of readLines(streamOf(chunks), 4)) lines.push([line.number, line.text]);
    assert.deepEqual(lines, [
      [1, "ab"],
      [2, undefined],
      [3, "lm"],
      [4, ""],
      [5, "n"],
    ]);
  });
});

/** Events of the right outline with anything inside. */
function anyEvent(): fc.Arbitrary<string> {
  const anything = fc.oneof(fc.jsonValue(), fc.constantFrom("t1", "m1", "Edit", 3, true));
  return fc
    .record({
      type: fc.constantFrom("system", "assistant", "user", "result", "fc-agents"),
      subtype: fc.constantFrom("init", "success", "compact_boundary"),
      timestamp: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        anything,
      ),
      message: fc.oneof(
        anything,
        fc.record({
          id: anything,
          content: fc.array(
            fc.record({
              type: fc.constantFrom("text", "tool_use", "tool_result"),
              id: anything,
              input: anything,
            }),
          ),
        }),
      ),
      state: anything,
      usage: anything,
      modelUsage: anything,
      errors: anything,
    })
    .map((event) => JSON.stringify(event));
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous by its nature
async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
