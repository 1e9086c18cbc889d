import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guestShells } from "../support/guestAgent/guestShell";
import { RecordingServer, type RecordedRequest } from "../support/guestAgent/recordingServer";
import { startGuestAgent, type GuestAgent } from "../support/guestAgent/startGuestAgent";
import { skipBecause } from "../support/skipBecause";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";

/** Every byte, twice: text for nobody. */
const allBytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));

for (const shell of guestShells) {
  describe(`the guest agent with ${shell.name} and a repository`, function () {
    let folder: TemporaryFolder;
    let repository: string;
    let commits: { first: string; second: string; hidden: string };
    let server: RecordingServer;
    let guest: GuestAgent;
    let count = 0;

    before(async function () {
      skipBecause(this, shell.obstacle);
      folder = await temporaryFolder();
      repository = join(folder.path, "repository");
      commits = makeRepository(repository);
      server = await RecordingServer.start();
      guest = startGuestAgent({ shell, url: server.url });
    });
    after(async () => {
      // None of it is there when the suite was skipped.
      if (shell.obstacle !== undefined) return;
      await guest.stop();
      await server.close();
      await folder.remove();
    });

    const run = async (
      prompt: string,
      fields: Record<string, string> = {},
    ): Promise<{ result: RecordedRequest; part: (name: string) => Buffer | undefined; text: string }> => {
      count += 1;
      const id = `task-${count}`;
      const task = { id, prompt, outputFormat: "text", token: "sk-ant-x", features: "progress parts" };
      server.give({ ...task, gitRepoUrl: repository, ...fields });
      const result = await server.waitForResult(id);
      const parts = server.about(id, "/part");
      const body = result.body.toString("utf8");
      return {
        result,
        part: (name) => parts.find(({ query }) => query.get("name") === name)?.body,
        text: body.startsWith("{") ? (JSON.parse(body) as { result: string }).result : body,
      };
    };

    it("starts from the branch, the tag or the commit that the task names", async () => {
      const { first, second, hidden } = commits;
      const expected = {
        main: second,
        topic: first,
        "feature/deep": first,
        "v1.0": first,
        annotated: second,
        [first]: first,
        [first.slice(0, 10)]: first,
        [hidden]: hidden,
      };
      for (const [gitRef, commit] of Object.entries(expected)) {
        const { part } = await run("p", { gitRef });
        assert.equal(part("commit")?.toString(), commit, gitRef);
        assert.equal(part("patch")?.length, 0);
      }
      assert.equal((await run("p")).part("commit")?.toString(), second);
      assert.equal((await run("@show .git/HEAD", { gitRef: "topic" })).text, "ref: refs/heads/topic");
    }).timeout(60_000);

    it("fails with git's own message when there is nothing to clone, and runs no agent", async () => {
      const runs = guest.listOptions().length;
      const { result, text, part } = await run("p", { gitRepoUrl: `${repository}-none` });
      assert.equal(result.headers["x-error-kind"], "clone-failed");
      assert.equal(result.headers["x-exit-code"], "128");
      assert.match(text, /^ERROR: git clone failed, exit=128: fatal: repository '.*' does not exist/);
      const noRef = await run("p", { gitRef: "none" });
      assert.equal(noRef.result.headers["x-error-kind"], "clone-failed");
      assert.match(noRef.text, /^ERROR: git clone failed, exit=128: fatal: couldn't find remote ref none/);
      const option = await run("p", { gitRef: "--upload-pack=x" });
      assert.match(option.text, /'--upload-pack=x' is not a valid ref/);
      assert.equal(part("commit"), undefined);
      assert.equal(guest.listOptions().length, runs);
    });

    it("says that it clones before it says that the agent runs", async () => {
      const { result } = await run("p");
      const posts = server.about(result.query.get("id") ?? "", "/progress");
      const lines = Buffer.concat(posts.map(({ body }) => body))
        .toString("utf8")
        .split("\n");
      const own = lines.filter((line) => line.startsWith('{"type":"fc-agents"'));
      const states = own.map((line) => (JSON.parse(line) as { state: string }).state);
      assert.deepEqual(states, ["cloning", "running", "collecting"]);
    });

    it("returns all changes as a patch: committed or not, binary, new, removed, with any name", async () => {
      const { part } = await run(
        [
          "@edit README committed",
          "@commit",
          "@edit README written only",
          "@edit new/é.txt untracked",
          "@binary picture.png",
          "@binary data.bin",
          "@remove old.txt",
          "@edit ignored.log not to be seen",
        ].join("\n"),
        { "env.UNUSED": "x" },
      );
      const clone = join(folder.path, `clone-${count}`);
      git(folder.path, "clone", "--quiet", repository, clone);
      const patch = part("patch");
      assert.ok(patch !== undefined);
      execFileSync("git", ["-C", clone, "apply", "--index", "--binary", "-"], { input: patch });
      assert.equal(readFileSync(join(clone, "README"), "utf8"), "Read me.\nMore.\ncommitted\nwritten only\n");
      assert.equal(readFileSync(join(clone, "new/é.txt"), "utf8"), "untracked\n");
      assert.deepEqual(readFileSync(join(clone, "picture.png")), allBytes.subarray(0, 256));
      assert.deepEqual(readFileSync(join(clone, "data.bin")), allBytes.subarray(0, 256));
      const status = git(clone, "status", "--porcelain").split("\n").filter(Boolean).sort();
      assert.deepEqual(status, [
        'A  "new/\\303\\251.txt"',
        "A  picture.png",
        "D  old.txt",
        "M  README",
        "M  data.bin",
      ]);
    });

    it("returns a patch also when the agent fails", async () => {
      const { result, part } = await run("@edit README half\n@fail 2");
      assert.equal(result.headers["x-exit-code"], "2");
      assert.match(part("patch")?.toString() ?? "", /\+half/);
    });

    it("clones a repository that has no commit yet", async () => {
      const empty = join(folder.path, "empty");
      mkdirSync(empty, { recursive: true });
      git(empty, "init", "--quiet", "--initial-branch=main");
      const { part } = await run("@edit first.txt hello", { gitRepoUrl: empty });
      assert.match(part("patch")?.toString() ?? "", /^diff --git a\/first\.txt b\/first\.txt\nnew file/);
    });
  });
}

/** Two commits on `main`, a branch and a tag at each, and a commit that no branch leads to. */
function makeRepository(path: string): { first: string; second: string; hidden: string } {
  mkdirSync(join(path, "new"), { recursive: true });
  git(path, "init", "--quiet", "--initial-branch=main");
  const commit = (message: string): string => {
    git(path, "add", "--all");
    git(path, "commit", "--quiet", "--message", message);
    return git(path, "rev-parse", "HEAD").trim();
  };
  writeFileSync(join(path, "README"), "Read me.\n");
  writeFileSync(join(path, ".gitignore"), "*.log\n");
  writeFileSync(join(path, "old.txt"), "old\n");
  writeFileSync(join(path, "new/keep"), "");
  writeFileSync(join(path, "data.bin"), allBytes);
  writeFileSync(join(path, "run.sh"), "#!/bin/sh\n");
  chmodSync(join(path, "run.sh"), 0o755);
  const first = commit("First");
  git(path, "branch", "topic");
  git(path, "branch", "feature/deep");
  git(path, "tag", "v1.0");
  writeFileSync(join(path, "README"), "Read me.\nMore.\n");
  const second = commit("Second");
  git(path, "tag", "--annotate", "annotated", "--message", "x");
  writeFileSync(join(path, "README"), "Hidden.\n");
  const hidden = commit("Hidden");
  git(path, "reset", "--quiet", "--hard", second);
  git(path, "config", "uploadpack.allowAnySHA1InWant", "true");
  return { first, second, hidden };
}

function git(folder: string, ...args: string[]): string {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  return execFileSync("git", ["-C", folder, ...author, ...args], { encoding: "utf8" });
}
