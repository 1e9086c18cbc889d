import assert from "node:assert/strict";
import { parsePatch } from "../../provider/report/diff/parsePatch";
import { measureRun } from "../../provider/report/measure/measureRun";
import { renderPage } from "../../provider/report/render/renderPage";
import { readText } from "../report/transcriptOf";
import { startGitServer, type GitServer } from "../support/realAgent/gitServer";
import { useRealAgent } from "../support/realAgent/useRealAgent";

describe("the report of the real agent", function () {
  this.timeout(30_000);
  const agent = useRealAgent();
  let git: GitServer | undefined;

  afterEach(async () => {
    await git?.close();
    git = undefined;
  });

  it("shows the turns, what the tools did, the patch, and the cost of it all", async () => {
    git = await startGitServer(agent().server.identity.tapIp, { "greeting.txt": "Hello\nworld\n" });
    const { state, transcript } = await agent().run(
      { gitRepoUrl: git.url },
      { tool: "Read", input: { file_path: "greeting.txt" } },
      { tool: "Edit", input: { file_path: "greeting.txt", old_string: "world", new_string: "moon" } },
      { tool: "Bash", input: { command: "cat greeting.txt; exit 3", description: "Look at it" } },
      { text: "The moon is greeted." },
    );
    const run = await readText(transcript);
    assert.equal(run.leftovers.brokenCount, 0);
    const measured = measureRun(run);
    assert.deepEqual(measured.outcome, { kind: "succeeded", label: "Succeeded" });
    assert.deepEqual([measured.turns.length, run.result?.numTurns], [4, state.numTurns]);
    assert.equal(run.result?.costUsd, state.costUsd);
    const tools = measured.tools.map(({ name, calls, errors }) => [name, calls, errors]).sort();
    assert.deepEqual(tools, [
      ["Bash", 1, 1],
      ["Edit", 1, 0],
      ["Read", 1, 0],
    ]);
    assert.ok([...measured.times.values()].every(({ totalMs }) => totalMs >= 0 && totalMs < 10_000));
    const page = renderPage([{ measured, patch: parsePatch(state.patch ?? "") }]);
    for (const part of ["The moon is greeted.", "Exit code 3", "greeting.txt", "Claude Code 2.1."])
      assert.ok(page.includes(part), part);
    assert.match(page, /-world[^]*\+moon/);
  });

  it("says that the API was asked again, and why the run failed", async () => {
    const { transcript } = await agent().run(
      { env: { CLAUDE_CODE_MAX_RETRIES: "1" } },
      { status: 429, type: "rate_limit_error", message: "Slow down." },
    );
    const measured = measureRun(await readText(transcript));
    assert.equal(measured.outcome.label, "Failed: the model API answered 429");
    assert.match(renderPage([{ measured }]), /The model API answered 429, and the agent asked again/);
  });

  it("counts the turns of an agent that its own background task wakes up, as the run's outputs do", async () => {
    const { state, transcript } = await agent().run(
      { outputFormat: "json" },
      { tool: "Agent", input: { description: "Look", prompt: "Look around", subagent_type: "Explore" } },
      { text: "It looks around." },
    );
    const run = await readText(transcript);
    // Mostly two; one where the sub-agent has ended before the agent has answered.
    const turns = [...transcript.matchAll(/"num_turns":(\d+)/g)].map(([, count]) => Number(count));
    const total = turns.reduce((sum, count) => sum + count, 0);
    assert.ok(total >= 2);
    assert.deepEqual([run.result?.numTurns, state.numTurns], [total, total]);
    assert.equal(run.result?.tokens?.input, state.usage?.input_tokens);
    assert.equal(run.result?.tokens?.output, state.usage?.output_tokens);
    assert.doesNotMatch(renderPage([{ measured: measureRun(run) }]), /The agent was started again/);
  });
});
