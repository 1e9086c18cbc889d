import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startGitServer, type GitServer } from "../support/realAgent/gitServer";
import { useRealAgent } from "../support/realAgent/useRealAgent";

describe("the real agent in a repository", function () {
  this.timeout(30_000);
  const agent = useRealAgent();
  let git: GitServer | undefined;

  afterEach(async () => {
    await git?.close();
    git = undefined;
  });

  it("edits a file with its tools, and the patch of it applies to the commit that it started from", async () => {
    git = await startGitServer(agent().server.identity.tapIp, { "greeting.txt": "Hello\nworld\n" });
    const { state } = await agent().run(
      { prompt: "Greet the moon", gitRepoUrl: git.url, outputFormat: "json" },
      { tool: "Read", input: { file_path: "greeting.txt" } },
      { tool: "Edit", input: { file_path: "greeting.txt", old_string: "world", new_string: "moon" } },
      { tool: "Write", input: { file_path: "new.txt", content: "Grüße\n" } },
      { tool: "Bash", input: { command: "cat greeting.txt", description: "Look at it" } },
      { text: "Done." },
    );
    assert.deepEqual([state.result, state.numTurns, state.status], ["Done.", 5, "done"]);
    assert.equal(state.commit, git.commit);
    execFileSync("git", ["-C", git.path, "apply", "--index", "-"], { input: state.patch });
    assert.equal(readFileSync(join(git.path, "greeting.txt"), "utf8"), "Hello\nmoon\n");
    assert.equal(readFileSync(join(git.path, "new.txt"), "utf8"), "Grüße\n");
    const questions = agent().api.questions;
    assert.match(JSON.stringify(questions.at(-1)?.messages), /Hello\\\\?nmoon/);
  });

  it("returns what it has committed as part of the patch", async () => {
    git = await startGitServer(agent().server.identity.tapIp, { "greeting.txt": "Hello\n" });
    const command =
      "echo more >> greeting.txt && git -c user.name=a -c user.email=a@example.com commit -qam More";
    const { state } = await agent().run(
      { gitRepoUrl: git.url },
      { tool: "Bash", input: { command, description: "Commit" } },
      { text: "Committed." },
    );
    assert.deepEqual([state.result, state.commit], ["Committed.", git.commit]);
    assert.match(state.patch ?? "", /^\+more$/m);
  });
});
