import assert from "node:assert/strict";
import { useRealAgent } from "../support/realAgent/useRealAgent";
import { claudeVersion } from "../support/realAgent/claudeCli";
import { parseEvents } from "../support/realAgent/parseEvents";

const model = "claude-sonnet-4-5";

describe("the real agent that succeeds", function () {
  this.timeout(30_000);
  const agent = useRealAgent();

  for (const outputFormat of ["text", "json", "stream-json"]) {
    it(`gives its answer, what it has used and its session, where ${outputFormat} was asked for`, async () => {
      const { state, transcript } = await agent().run({ outputFormat, model }, { text: "Hello, Grüße 🙂" });
      assert.deepEqual([state.status, state.exitCode, state.isAgentError], ["done", 0, false]);
      const lines = parseEvents(state.result ?? "");
      if (outputFormat === "stream-json") assert.equal(lines.at(-1)?.result, "Hello, Grüße 🙂");
      else assert.equal(state.result, "Hello, Grüße 🙂");
      assert.equal(state.numTurns, 1);
      assert.match(state.sessionId ?? "", /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
      const { input_tokens: input, output_tokens: output } = state.usage ?? {};
      assert.deepEqual([input, output], [1000, 50]);
      // 3 $ for a million of tokens read, 15 $ for a million written.
      assert.equal(state.costUsd, 0.00375);
      assert.deepEqual(Object.keys(state.modelUsage ?? {}), [model]);
      assert.equal(state.json?.session_id, state.sessionId);
      const events = parseEvents(transcript);
      assert.equal(events.at(0)?.state, "running");
      const [init] = events.filter(({ subtype }) => subtype === "init");
      assert.equal(init?.claude_code_version, claudeVersion);
      assert.equal(init.session_id, state.sessionId);
      const results = transcript.split("\n").filter((line) => line.includes('"type":"result"'));
      assert.equal(results.length, 1);
      // The result that is stored is the object alone.
      if (outputFormat !== "stream-json")
        assert.equal(state.resultBytes, Buffer.byteLength(`${results.join("")}\n`));
    });
  }

  it("was given the prompt, the system prompt's end and the token, and asked nobody but the API", async () => {
    const { api, server } = agent();
    await agent().run({ prompt: "--version", appendSystemPrompt: "Be kind to walruses." }, { text: "Yes" });
    const [question] = api.questions;
    assert.match(JSON.stringify(question?.messages), /"--version/);
    assert.match(JSON.stringify(question?.system), /Be kind to walruses\./);
    assert.equal(question?.authorization, `Bearer ${server.token}`);
    assert.deepEqual(api.strangers, []);
  });

  it("keeps the token out of the result and the transcript", async () => {
    const { state, transcript } = await agent().run(
      { outputFormat: "json" },
      { tool: "Bash", input: { command: "echo $CLAUDE_CODE_OAUTH_TOKEN", description: "Print it" } },
      { text: `It is ${agent().server.token}` },
    );
    assert.equal(state.isTokenMasked, true);
    assert.equal(state.numTurns, 2);
    assert.doesNotMatch(`${state.result}${transcript}`, /sk-ant-oat/);
  });
});
