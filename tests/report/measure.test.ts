import assert from "node:assert/strict";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatUsd,
} from "../../provider/report/render/formatAmounts";
import { measureRun } from "../../provider/report/measure/measureRun";
import { renderPage } from "../../provider/report/render/renderPage";
import { answer, init, readEvents, toolResult, toolUse } from "./transcriptOf";

const at = (seconds: number): { timestamp: string } => ({
  timestamp: new Date(seconds * 1000).toISOString(),
});

describe("shareCosts", () => {
  it("shares the run's cost by weighted tokens, and the turns add up to it", async () => {
    const measured = measureRun(
      await readEvents(
        init,
        answer("m1", [], { usage: { input_tokens: 100 } }),
        answer("m2", [], { usage: { output_tokens: 20 } }),
        answer("m3", [], { usage: { cache_read_input_tokens: 1000, cache_creation_input_tokens: 80 } }),
        { type: "result", total_cost_usd: 4, usage: { output_tokens: 20 } },
      ),
    );
    assert.deepEqual(
      measured.turns.map((turn) => measured.costs.get(turn)?.usd),
      [1, 1, 2],
    );
  });

  it("gives each model's cost to its own turns", async () => {
    const usage = { input_tokens: 10 };
    const measured = measureRun(
      await readEvents(
        answer("m1", [], { usage, model: "big" }),
        answer("m2", [], { usage, model: "small" }),
        answer("m3", [], { usage, model: "small" }),
        {
          type: "result",
          total_cost_usd: 1,
          modelUsage: { "big[1m]": { costUSD: 0.6 }, small: { costUSD: 0.2 }, background: { costUSD: 0.2 } },
        },
      ),
    );
    const costs = measured.turns.map((turn) => measured.costs.get(turn)?.usd ?? 0);
    assert.deepEqual(
      costs.map((usd) => Math.round(usd * 1000)),
      [600, 100, 100],
    );
  });

  it("shares output tokens that only the result counts by what the turns wrote", async () => {
    const measured = measureRun(
      await readEvents(
        answer("m1", [{ type: "text", text: "x".repeat(300) }], { usage: { output_tokens: 1 } }),
        answer("m2", [{ type: "text", text: "x".repeat(100) }], { usage: { output_tokens: 1 } }),
        { type: "result", total_cost_usd: 1, usage: { output_tokens: 402 } },
      ),
    );
    assert.deepEqual(
      measured.turns.map((turn) => measured.costs.get(turn)?.tokens.output),
      [301, 101],
    );
  });
});

describe("measureTimes", () => {
  it("tells the model's time from that of the tools, a sub-agent in its own row", async () => {
    const measured = measureRun(
      await readEvents(
        { ...init, ...at(0) },
        answer("m1", [toolUse("t1", "Task", {})], at(3)),
        answer("s1", [toolUse("t2", "Grep", {})], { ...at(5), parent_tool_use_id: "t1" }),
        toolResult("t2", "x", { ...at(6), parent_tool_use_id: "t1" }),
        toolResult("t1", "x", at(9)),
        answer("m2", [{ type: "text", text: "Done" }], at(10)),
      ),
    );
    assert.deepEqual(
      measured.turns.map((turn) => measured.times.get(turn)),
      [
        { modelMs: 3000, toolMs: 6000, eitherMs: 0, totalMs: 9000 },
        { modelMs: 2000, toolMs: 1000, eitherMs: 0, totalMs: 3000 },
        { modelMs: 1000, toolMs: 0, eitherMs: 0, totalMs: 1000 },
      ],
    );
    assert.equal(measured.durationMs, 10_000);
    assert.deepEqual(measured.tools.map(({ name, durationMs }) => [name, durationMs]).sort(), [
      ["Grep", 1000],
      ["Task", 6000],
    ]);
  });

  it("measures whole turns where only tool results carry stamps", async () => {
    const measured = measureRun(
      await readEvents(
        { ...init, ...at(0) },
        answer("m1", [toolUse("t1", "Bash", {})]),
        toolResult("t1", "x", at(4)),
      ),
    );
    assert.deepEqual(
      measured.turns.map((turn) => measured.times.get(turn)?.eitherMs),
      [4000],
    );
  });

  it("says so where no line carries a stamp, and takes the duration from the result", async () => {
    const run = await readEvents(init, answer("m1", [{ type: "text", text: "Hi" }]), {
      type: "result",
      duration_ms: 65_000,
      duration_api_ms: 40_000,
    });
    const page = renderPage([{ measured: measureRun(run) }]);
    assert.ok(page.includes("carry no time stamps"));
    assert.ok(page.includes("The whole run took 1 min 5 s, 40 s of it in the model API."));
  });
});

describe("describeOutcome", () => {
  const rows: readonly (readonly [object, string])[] = [
    [{ subtype: "success", is_error: false }, "Succeeded"],
    [{ subtype: "success", is_error: true }, "Failed: the agent reported an error"],
    [{ subtype: "success", is_error: true, api_error_status: 401 }, "Failed: the model API answered 401"],
    [{ subtype: "error_max_turns" }, "Failed: the limit of turns was reached"],
    [{ subtype: "error_max_budget_usd", is_error: true }, "Failed: the budget was reached"],
    [{ subtype: "error_of_tomorrow" }, "Failed: error_of_tomorrow"],
  ];
  for (const [result, label] of rows) {
    it(`reads ${JSON.stringify(result)} as '${label}'`, async () => {
      assert.equal(measureRun(await readEvents(init, { type: "result", ...result })).outcome.label, label);
    });
  }
});

describe("The page's amounts", () => {
  it("are short and have their unit", () => {
    assert.deepEqual([40, 9_949, 9_950, 59_600, 192_000, 3_840_000].map(formatDuration), [
      "0.0 s",
      "9.9 s",
      "10 s",
      "1 min",
      "3 min 12 s",
      "1 h 4 min",
    ]);
    assert.deepEqual([0, 0.00001, 0.00042, 0.0123, 0.187, 12].map(formatUsd), [
      "$0.00",
      "< $0.0001",
      "$0.0004",
      "$0.012",
      "$0.19",
      "$12.00",
    ]);
    assert.deepEqual([0, 999, 4_130, 9_960, 999_600].map(formatCount), ["0", "999", "4.1k", "10k", "1.0M"]);
    assert.deepEqual([5, 2048, 65_536, 3 * 1024 ** 2].map(formatBytes), [
      "5 B",
      "2.0 KiB",
      "64 KiB",
      "3.0 MiB",
    ]);
  });
});
