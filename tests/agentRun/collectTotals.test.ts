import assert from "node:assert/strict";
import { sumResults } from "../../provider/agentRun/collectTotals";

/** What Claude Code 2.1.331 printed when a sub-agent in the background had ended, without what nobody reads. */
const transcript = [
  '{"type":"system","subtype":"init","session_id":"s"}',
  '{"session_id":"s","total_cost_usd":0.0275,"usage":{"input_tokens":5000,"output_tokens":250,"server_tool_use":{"web_search_requests":1},"service_tier":"standard"},"is_error":false,"num_turns":5,"subtype":"success","result":"Done.","type":"result","result_index":0}',
  '{"type":"assistant","message":{"content":[{"type":"text","text":"{\\"type\\":\\"result\\"}"}]},"session_id":"s"}',
  '{"session_id":"s","total_cost_usd":0.0275,"usage":{"input_tokens":1000,"output_tokens":50,"server_tool_use":{"web_search_requests":2},"service_tier":"standard"},"is_error":false,"num_turns":1,"subtype":"success","result":"Done.","type":"result","result_index":1}',
].join("\n");

describe("sumResults", () => {
  it("adds up what each result of a run says of itself", () => {
    assert.deepEqual(sumResults(transcript, 2), {
      usage: {
        input_tokens: 6000,
        output_tokens: 300,
        server_tool_use: { web_search_requests: 3 },
        service_tier: "standard",
      },
      numTurns: 6,
    });
  });

  it("knows nothing where the transcript does not hold all of them", () => {
    assert.deepEqual(sumResults(transcript, 3), {});
    assert.deepEqual(sumResults("", 2), {});
  });

  it("does not follow what a guest nests deeply", () => {
    const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    const line = `{"type":"result","num_turns":1,"usage":{"x":${deep},"n":1}}`;
    const { usage, numTurns } = sumResults(`${line}\n${line}`, 2);
    assert.deepEqual([usage?.n, numTurns], [2, 2]);
  });
});
