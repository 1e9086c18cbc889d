import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { guestShells } from "../support/guestAgent/guestShell";
import { quietTime, RecordingServer, type RecordedRequest } from "../support/guestAgent/recordingServer";
import {
  startGuestAgent,
  type GuestAgent,
  type GuestAgentOptions,
} from "../support/guestAgent/startGuestAgent";
import type { TaskFields } from "../support/guestAgent/encodeFields";
import { listGuestProcesses as listProcesses } from "../support/guestAgent/listGuestProcesses";
import { skipBecause } from "../support/skipBecause";
import { waitUntil } from "../support/waitUntil";

const token = "sk-ant-oat01-of-the-guest-agent-tests";

/** Enough for the real thing's prompts; the two shells have each to take all of them. */
const promptRuns = 12;

for (const shell of guestShells) {
  describe(`the guest agent with ${shell.name}`, function () {
    let server: RecordingServer;
    let guest: GuestAgent;
    let count = 0;

    before(async function () {
      skipBecause(this, shell.obstacle);
      server = await RecordingServer.start();
      guest = startGuestAgent({ shell, url: server.url });
    });
    beforeEach(() => {
      server.reply = () => 200;
    });
    after(async () => {
      // Neither is there when the suite was skipped.
      if (shell.obstacle !== undefined) return;
      await guest.stop();
      await server.close();
    });

    const give = (fields: TaskFields): string => {
      count += 1;
      const id = `task-${count}`;
      server.give({
        id,
        prompt: "p",
        effort: "low",
        outputFormat: "text",
        token,
        features: "progress parts",
        ...fields,
      });
      return id;
    };
    const run = (fields: TaskFields): Promise<RecordedRequest> => server.waitForResult(give(fields));
    const withAnotherGuest = async (
      options: Pick<GuestAgentOptions, "env" | "programs">,
      work: () => Promise<void>,
    ): Promise<void> => {
      const usual = { server, guest };
      server = await RecordingServer.start();
      guest = startGuestAgent({ shell, url: server.url, ...options });
      try {
        await work();
      } finally {
        await guest.stop();
        await server.close();
        ({ server, guest } = usual);
      }
    };

    it("hands the agent the prompt byte for byte", async function () {
      this.timeout(60_000);
      const prompts = fc.oneof(
        fc.string({ unit: "binary", maxLength: 400 }).map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
        fc
          .constantFrom("", "\n\n", "--version", "$(id) `id` \\ \"'", "é\u{1F600}\n", "x".repeat(300_000))
          .map((text) => Buffer.from(text)),
      );
      await fc.assert(
        fc.asyncProperty(prompts, async (prompt) => {
          // A line that begins with @ would steer the stand-in.
          const bytes = Buffer.from(prompt.map((byte) => (byte === 0x40 ? 0x61 : byte)));
          await run({ prompt: bytes });
          assert.deepEqual(guest.lastPrompt(), bytes);
        }),
        { numRuns: promptRuns },
      );
    });

    it("passes on the options that a task has, and no others", async () => {
      await run({
        model: "claude-opus-4-5",
        effort: "high",
        appendSystemPrompt: "Be brief. $(id)",
        allowedTools: "Bash(git log:*) Edit",
        disallowedTools: "WebFetch",
        maxTurns: "7",
        maxBudgetUsd: "1.5",
      });
      await run({ effort: undefined, features: "" });
      assert.deepEqual(guest.listOptions().slice(-2), [
        "--print --dangerously-skip-permissions --model claude-opus-4-5 --effort high --append-system-prompt " +
          "Be brief. $(id) --allowedTools Bash(git log:*) Edit --disallowedTools WebFetch --max-turns 7 " +
          "--max-budget-usd 1.5 --output-format stream-json --verbose",
        "--print --dangerously-skip-permissions --output-format text",
      ]);
    });

    it("gives token and variables to the agent only, and no variable whose name is none", async () => {
      const shown = async (prompt: string, fields: TaskFields = {}): Promise<string> =>
        (await run({ prompt, features: "", ...fields })).body.toString("utf8");
      const value = "two\nlines, $(id) 'and' \"quotes\" \\n\n";
      assert.equal(await shown("@token"), `my token is ${token}\n`);
      assert.equal(await shown("@env IS_SANDBOX"), "IS_SANDBOX=1\n");
      // The shell strips the ends of lines at the end of what a command prints.
      assert.equal(await shown("@env MY_VALUE", { "env.MY_VALUE": value }), `MY_VALUE=${value}`);
      assert.equal(await shown("@env MY_VALUE"), "MY_VALUE=\n");
      assert.equal(await shown("@env FC_AGENTS_SERVER"), "FC_AGENTS_SERVER=\n");
      const names = { "env.A-B": "x", "env.1A": "x", "env.": "x", "env.A;id": "x", "env.A B": undefined };
      assert.match(await shown("p", names), /^The stand-in agent was asked: p/);
      assert.ok(!guest.log().includes(token));
    });

    it("has the token in no file, no argument, and no other process than the agent's", async () => {
      const id = give({ prompt: "@hang 60", timeoutSeconds: "2", "env.MY_SECRET": "of-the-task" });
      await waitUntil("the agent hangs", () =>
        listProcesses(guest).some((line) => line.includes("sleep 60")),
      );
      const own = listProcesses(guest, token);
      assert.deepEqual(listProcesses(guest, "of-the-task"), own);
      assert.ok(own.length >= 2 && own.every((line) => /claude|^sleep 60/.test(line)), own.join("; "));
      assert.ok(!listProcesses(guest).join().includes(token));
      // The variables' files are there as long as the run; the token's is not.
      assert.deepEqual(listFilesWith(guest.folder, token), []);
      await server.waitForResult(id);
    });

    it("returns the agent's object, its exit code and the time that it took", async () => {
      for (const outputFormat of ["text", "json"]) {
        const result = await run({ prompt: "say it", outputFormat });
        const object = JSON.parse(result.body.toString("utf8")) as Record<string, unknown>;
        assert.equal(object["result"], "The stand-in agent was asked: say it");
        assert.equal(result.headers["x-exit-code"], "0");
        assert.equal(result.headers["x-task-id"], result.query.get("id"));
        assert.equal(result.headers["x-error-kind"], undefined);
        assert.ok(Number(result.headers["x-duration-ms"]) < 5000);
      }
    });

    it("returns the whole stream when the task asks for it", async () => {
      const lines = (await run({ outputFormat: "stream-json", prompt: "@turns 2" })).body
        .toString("utf8")
        .trimEnd()
        .split("\n");
      const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
      assert.deepEqual(types, ["system", "assistant", "user", "assistant", "user", "result"]);
    });

    it("returns what the agent prints as it is, where the server takes no progress", async () => {
      assert.equal(
        (await run({ features: "", prompt: "hello" })).body.toString("utf8"),
        "The stand-in agent was asked: hello\n",
      );
      assert.equal((await run({ features: "", prompt: "@garbage 100000" })).body.length, 100_000);
    });

    it("tells of a failing agent in its text, with the last lines of standard error apart", async () => {
      const result = await run({ prompt: "@stderr first\n@fail 3" });
      assert.equal(result.headers["x-exit-code"], "3");
      assert.equal(result.body.toString("utf8"), "ERROR: claude exit=3: first\nthe agent gave up\n");
      const parts = server.about(result.query.get("id") ?? "", "/part");
      const shown = parts.map(({ query, body }) => [query.get("name"), body.toString("utf8")]);
      assert.deepEqual(shown, [["stderr", "first\nthe agent gave up\n"]]);
      const older = await run({ prompt: "@fail 3", features: "" });
      assert.equal(older.body.toString("utf8"), "ERROR: claude exit=3: the agent gave up\n");
    });

    it("keeps the agent's own object where it fails with one", async () => {
      const result = await run({ prompt: "@api 429" });
      assert.equal(result.headers["x-exit-code"], "1");
      assert.equal(
        (JSON.parse(result.body.toString("utf8")) as Record<string, unknown>)["api_error_status"],
        429,
      );
    });

    it("ends an agent at its deadline, and says so", async () => {
      const result = await run({ prompt: "@hang", timeoutSeconds: "1" });
      assert.equal(result.headers["x-error-kind"], "timed-out");
      assert.equal(result.headers["x-exit-code"], "143");
      assert.match(
        result.body.toString("utf8"),
        /^ERROR: claude exit=143: timed out after 1 s \(timeoutSeconds\)/,
      );
      assert.ok(Number(result.headers["x-duration-ms"]) < 2500, result.headers["x-duration-ms"] as string);
    });

    it("kills an agent that does not listen to its deadline, with its whole process group", async () => {
      const result = await run({ prompt: "@orphan\n@deaf\n@hang", timeoutSeconds: "1" });
      assert.equal(result.headers["x-error-kind"], "timed-out");
      assert.equal(result.headers["x-exit-code"], "137");
      assert.deepEqual(
        listProcesses(guest).filter((line) => line.includes("sleep 1000")),
        [],
      );
    });

    it("says when the agent was killed by a signal that was not its own", async () => {
      const result = await run({ prompt: "@signal KILL" });
      assert.equal(result.headers["x-error-kind"], "killed");
      assert.match(result.body.toString("utf8"), /^ERROR: claude exit=137: killed by signal 9/);
    });

    it("posts what the agent does while it runs, in whole lines", async () => {
      const id = give({ prompt: "@turns 12", outputFormat: "stream-json" });
      await server.waitFor("progress before the end", () => server.about(id, "/progress")[1]);
      assert.equal(server.about(id, "/result").length, 0);
      const result = await server.waitForResult(id);
      const posts = server.about(id, "/progress");
      for (const { body } of posts) assert.ok(body.length <= 65_536 && body.at(-1) === 0x0a);
      const lines = Buffer.concat(posts.map(({ body }) => body))
        .toString("utf8")
        .trimEnd()
        .split("\n");
      const own = lines.filter((line) => line.startsWith('{"type":"fc-agents"'));
      assert.deepEqual(
        own,
        ["running", "collecting"].map((state) => `{"type":"fc-agents","state":"${state}"}`),
      );
      const others = lines.filter((line) => !own.includes(line)).join("\n");
      assert.equal(others, result.body.toString("utf8").trimEnd());
      const numbers = posts.map(({ headers }) => Number(headers["x-progress-number"]));
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index + 1),
      );
      // The last ones follow the agent's end directly.
      const durationSeconds = Number(result.headers["x-duration-ms"]) / 1000;
      assert.ok(posts.length <= 2 * durationSeconds + 3, `${posts.length} posts in ${durationSeconds} s`);
    });

    it("posts a long line alone, and says how long one was that is too long for any post", async () => {
      const result = await run({ prompt: "@long 200000\n@long 1200000\n@turns 1" });
      const posts = server.about(result.query.get("id") ?? "", "/progress");
      const text = Buffer.concat(posts.map(({ body }) => body)).toString("utf8");
      assert.match(text, /"text":"y{200000}"/);
      assert.match(text, /\{"type":"fc-agents","omittedBytes":12000\d\d\}\n/);
      assert.match(text, /"type":"result"/);
    });

    it("does not let a server that takes no progress disturb the run", async () => {
      for (const reply of ["silence", "reset", 500, 404] as const) {
        server.reply = (request) => (request.path === "/progress" ? reply : 200);
        const result = await run({ prompt: "@turns 3" });
        assert.equal(result.headers["x-exit-code"], "0");
        assert.ok(Number(result.headers["x-duration-ms"]) < 3000, result.headers["x-duration-ms"] as string);
      }
    }).timeout(60_000);

    it("posts a result until the server takes it, and runs the agent once", async () => {
      const runs = guest.listOptions().length;
      const replies = [503, "reset", 500] as const;
      server.reply = (request) =>
        request.path === "/result" ? (replies[server.about(id, "/result").length - 1] ?? 200) : 200;
      const id = give({ prompt: "once" });
      const result = await server.waitForResult(id, 4);
      assert.match(result.body.toString("utf8"), /once/);
      assert.equal(guest.listOptions().length, runs + 1);
    });

    it("keeps a result while the server is away", async () => {
      const id = give({ prompt: "@turns 5\nkept" });
      await server.waitFor("the run", () => server.about(id, "/progress")[0]);
      await server.close();
      await quietTime(2000);
      assert.equal(server.about(id, "/result").length, 0);
      await server.open();
      assert.match((await server.waitForResult(id)).body.toString("utf8"), /kept/);
    });

    for (const status of [403, 404, 409]) {
      it(`takes the next task when a result is answered by ${status}`, async () => {
        server.reply = (request) => (request.path === "/result" ? status : 200);
        const id = give({});
        await server.waitForResult(id);
        server.reply = () => 200;
        await run({});
        assert.equal(server.about(id, "/result").length, 1);
      });
    }

    it("says that a result is too large for the server, with its end", async () => {
      server.reply = (request) => (request.path === "/result" && request.body.length > 50_000 ? 413 : 200);
      const id = give({ prompt: "@bytes 60000" });
      const result = await server.waitForResult(id, 2);
      assert.match(
        result.body.toString("utf8"),
        /^ERROR: the result of \d+ bytes is larger than the server takes/,
      );
    });

    it("waits with the next question after an answer that it cannot read", async () => {
      for (const answer of [
        "<html>",
        "{",
        "fc-agents-task 1\nid 5\n\nab",
        "fc-agents-task 1\nid x\n\n",
        "",
      ]) {
        server.giveBytes(Buffer.from(answer));
      }
      assert.match((await run({ prompt: "after all that" })).body.toString("utf8"), /after all that/);
    });

    it("names a program that is not there", () =>
      withAnotherGuest({ env: { FC_AGENTS_CLAUDE: "/nowhere/claude" } }, async () => {
        const result = await run({});
        assert.equal(result.headers["x-exit-code"], "127");
        assert.match(result.body.toString("utf8"), /^ERROR: claude exit=127: .*\/nowhere\/claude/);
      }));

    it("sets the clock from the server's before each task, when that is another one", async function () {
      // This test must not get at the real clock; what a virtual machine does with busybox, its own test shows.
      const hasOwnDate = shell.command.includes("ash");
      skipBecause(this, hasOwnDate ? "busybox ash runs no other date than its own" : undefined);
      const date = [
        'case "$*" in',
        '  "-u -d "*" +%s") /bin/date "$@" ;;',
        // A clock that stands still at the year 2001.
        '  "-u +%s") echo 1000000000 ;;',
        '  *) echo "$*" >> "$HOME/dates" ;;',
        "esac",
      ];
      const options = { env: { FC_AGENTS_CLOCK: "1" }, programs: { date: date.join("\n") } };
      await withAnotherGuest(options, async () => {
        await run({});
        const dates = readFileSync(join(guest.folder, "dates"), "utf8").trimEnd().split("\n");
        const last = /^-u -s (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$/.exec(dates.at(-1) ?? "")?.[1] ?? "";
        assert.ok(Math.abs(Date.parse(`${last}Z`) - Date.now()) < 10_000, dates.join("; "));
      });
    });

    it("takes agent and work folder with it when it is told to end", () =>
      withAnotherGuest({}, async () => {
        const id = give({ prompt: "@orphan\n@hang" });
        await server.waitFor("the run", () => server.about(id, "/progress")[0]);
        const isHanging = (): boolean => listProcesses(guest).some((line) => line.includes("sleep 86400"));
        await waitUntil("the agent hangs", isHanging);
        process.kill(guest.pid, "SIGTERM");
        await waitUntil("all of it has ended", () => listProcesses(guest).length === 0);
        assert.deepEqual(guest.listWork(), []);
      }));

    it("leaves nothing of a run behind", async () => {
      await run({ prompt: "@edit file text" });
      await run({});
      await server.waitFor("the next question", () => server.requests.at(-1)?.path === "/task" || undefined);
      assert.deepEqual(guest.listWork(), []);
    });
  });
}

function listFilesWith(folder: string, needle: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path))
    .filter(
      (path) => statSync(path, { throwIfNoEntry: false })?.isFile() && readFileSync(path).includes(needle),
    );
}
