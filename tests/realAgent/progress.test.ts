import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeProgress } from "../../provider/agentRun/describeProgress";
import type { Reply } from "../support/realAgent/modelApi";
import { useRealAgent } from "../support/realAgent/useRealAgent";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";

describe("the real agent at work", function () {
  this.timeout(30_000);
  const agent = useRealAgent();
  let folder: TemporaryFolder | undefined;

  afterEach(async () => {
    await folder?.remove();
    folder = undefined;
  });

  /** Watches a run as `AgentRun` does, and returns the lines. */
  async function watch(
    env: Readonly<Record<string, string>>,
    replies: readonly Reply[],
    onLine: (line: string) => void = () => undefined,
  ): Promise<string[]> {
    const { api, server } = agent();
    api.expect(...replies);
    const fields = { prompt: "p", effort: "low", outputFormat: "text" };
    const { id } = await server.submit({ fields, env: { ...agent().variables(), ...env } });
    const lines: string[] = [];
    await server.control((client) =>
      client.wait(id, { timeoutMs: 20_000, inlineBytes: 1000 }, (state) => {
        const line = describeProgress(state);
        lines.push(line);
        onLine(line);
      }),
    );
    await server.forgetAll();
    return lines;
  }

  it("is shown with its turn and its tool while the tool runs", async () => {
    folder = await temporaryFolder();
    const gate = join(folder.path, "gate");
    // Goes on when the line is there.
    const command = `timeout 10 sh -c 'until [ -e ${gate} ]; do sleep 0.05; done'`;
    const replies = [{ tool: "Bash", input: { command, description: "Wait" } }, { text: "Done." }];
    const lines = await watch({}, replies, (line) => {
      if (line.startsWith("turn 1: Bash timeout 10")) writeFileSync(gate, "");
    });
    assert.ok(lines.includes("running"), lines.join("\n"));
    assert.ok(
      lines.some((line) => line.startsWith("turn 1: Bash timeout 10")),
      lines.join("\n"),
    );
  });

  it("is shown as waiting while it asks an API again that refuses it", async () => {
    const headers = { "Retry-After": "2" };
    const reply = { status: 429, type: "rate_limit_error", message: "Slow down.", headers };
    const lines = await watch({ CLAUDE_CODE_MAX_RETRIES: "1" }, [reply]);
    assert.ok(lines.includes("waiting for the API (error 429, retry 1 of 1)"), lines.join("\n"));
  });
});
