import assert from "node:assert/strict";
import * as fc from "fast-check";
import { guestShells } from "../support/guestAgent/guestShell";
import { readAnswer } from "../support/guestAgent/readAnswer";
import { RecordingServer } from "../support/guestAgent/recordingServer";
import { startGuestAgent, type GuestAgent } from "../support/guestAgent/startGuestAgent";
import { skipBecause } from "../support/skipBecause";
import { waitUntil } from "../support/waitUntil";
import { TaskServer } from "../support/taskServer/taskServer";

const promptRuns = 25;

/** As JSON's strings spell it: lone halves of pairs cannot be sent at all. */
const texts = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom(
      "\\",
      '"',
      "\n",
      "\t",
      "\r",
      "\b",
      "\f",
      "\u0001",
      "\u007f",
      "/",
      "u",
      "é",
      "€",
      "\u{1F600}",
      ",",
    ),
    maxLength: 200,
  }),
);

for (const shell of guestShells) {
  describe(`the guest agent with ${shell.name} at the task server`, function () {
    let server: TaskServer;
    let guest: GuestAgent;

    before(async function () {
      skipBecause(this, shell.obstacle);
      server = new TaskServer();
      await server.deploy();
      const { tapIp, tapPort } = server.identity;
      guest = startGuestAgent({ shell, url: `http://${tapIp}:${tapPort}` });
    });
    after(async () => {
      // Neither is there when the suite was skipped.
      if (shell.obstacle !== undefined) return;
      await guest.stop();
      await server.stop({ remove: true });
    });

    const run = async (
      prompt: string,
      fields: Record<string, unknown> = {},
    ): Promise<{ body: Buffer; exitCode: number | undefined }> => {
      const { id } = await server.submit({
        fields: { prompt, effort: "low", outputFormat: "text", ...fields },
      });
      const outcome = await server.wait(id, 20_000);
      assert.ok(outcome.isFinal, guest.log());
      return { body: outcome.head, exitCode: outcome.record.exitCode };
    };

    it("returns text, an object and a failure with its exit code", async () => {
      for (const outputFormat of ["text", "json"]) {
        const { body, exitCode } = await run("hello", { outputFormat });
        assert.equal(readAnswer(body), "The stand-in agent was asked: hello");
        assert.equal(exitCode, 0);
      }
      const failure = await run("@fail 4");
      assert.equal(failure.exitCode, 4);
      assert.equal(failure.body.toString("utf8"), "ERROR: claude exit=4: the agent gave up\n");
    });

    it("returns bytes that are no text", async () => {
      assert.ok((await run("@garbage 100000")).body.length >= 100_000);
    });

    it("brings its result to a server that was started anew while the agent ran", async () => {
      const { id } = await server.submit({ prompt: "@turns 15\nstill here" });
      await waitUntil("the agent runs", () => guest.log().includes(`task ${id}: `));
      await server.stop();
      await server.deploy();
      const outcome = await server.wait(id, 20_000);
      assert.ok(outcome.isFinal, guest.log());
      assert.match(outcome.head.toString("utf8"), /still here/);
      assert.equal(outcome.record.attempts, 1);
    });
  });

  describe(`the guest agent with ${shell.name} at a server of the older kind`, function () {
    let server: RecordingServer;
    let guest: GuestAgent;

    before(async function () {
      skipBecause(this, shell.obstacle);
      server = await RecordingServer.start();
      guest = startGuestAgent({ shell, url: server.url });
    });
    after(async () => {
      // Neither is there when the suite was skipped.
      if (shell.obstacle !== undefined) return;
      await guest.stop();
      await server.close();
    });

    it("hands the agent every prompt byte for byte, out of JSON in either spelling", async () => {
      let count = 0;
      await fc.assert(
        fc.asyncProperty(texts, fc.boolean(), async (text, isAscii) => {
          count += 1;
          const prompt = text.replaceAll("@", "a");
          const json = JSON.stringify({
            id: `json-${count}`,
            prompt,
            token: "sk-ant-x",
            outputFormat: "text",
          });
          server.giveBytes(Buffer.from(isAscii ? toAscii(json) : json));
          await server.waitForResult(`json-${count}`);
          assert.deepEqual(guest.lastPrompt(), Buffer.from(prompt));
        }),
        { numRuns: promptRuns },
      );
    }).timeout(60_000);

    it("posts to a bare /result where no other path is known", async () => {
      server.reply = ({ query }) => (query.has("id") ? 404 : 200);
      const task = {
        id: "of-old",
        prompt: 'a\u{1F600}\n"b"\\',
        token: "sk-ant-x",
        outputFormat: "text",
        more: { id: [1, "x"] },
      };
      server.giveBytes(Buffer.from(JSON.stringify(task, undefined, 2)));
      const result = await server.waitFor("the result", () =>
        server.requests.find(({ path, query }) => path === "/result" && !query.has("id")),
      );
      assert.match(result.body.toString("utf8"), /The stand-in agent was asked: a\u{1F600}\n"b"\\/u);
      assert.deepEqual(
        server.requests.filter(({ path }) => path === "/progress" || path === "/part"),
        [],
      );
    });

    it("does without an id", async () => {
      server.giveBytes(Buffer.from(JSON.stringify({ prompt: "nameless", token: "sk-ant-x" })));
      const result = await server.waitFor("the result", () =>
        server.requests.find(({ body }) => body.includes("nameless")),
      );
      assert.equal(result.query.toString(), "");
    });
  });
}

/** As `json.dumps` writes it: whatever is not ASCII as UTF-16 code units. */
function toAscii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
