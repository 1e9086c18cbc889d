import assert from "node:assert/strict";
import fc from "fast-check";
import type { WaitState } from "../../provider/taskServer/controlClient";
import { Guest, type Answer } from "../support/taskServer/guest";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";

const fieldsType = "application/vnd.fc-agents.fields";

/** Reads a task as the guest agent does: names and lengths, an empty line, the bytes. */
function readFields(body: Buffer): Record<string, string> {
  const headEnd = body.indexOf("\n\n");
  const [first, ...lines] = body.toString("utf8", 0, headEnd).split("\n");
  assert.equal(first, "fc-agents-task 1");
  let offset = headEnd + 2;
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const [name = "", length = ""] = line.split(" ");
    fields[name] = body.toString("utf8", offset, offset + Number(length));
    offset += Number(length);
  }
  assert.equal(offset, body.length);
  return fields;
}

describe("The guest side of the task server: the newer generation", () => {
  const server = useOneTaskServer();
  const guest = (number = 2): Guest => new Guest(server(), `127.0.0.${number}`);
  const takeFields = async (): Promise<Record<string, string>> => {
    const { status, headers, body } = await guest().send("GET", "/task", { headers: { Accept: fieldsType } })
      .answer;
    assert.equal(status, 200);
    assert.equal(headers["content-type"], fieldsType);
    return readFields(body);
  };
  const send = (path: string, body: string | Buffer, number = 2): Promise<Answer> =>
    guest(number).send("POST", path, { body }).answer;

  it("gets any prompt byte for byte in a form that a shell can read", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 200 }), async (text) => {
        const prompt = text.replaceAll("\0", "0");
        const { id } = await server().submit({ prompt });
        const fields = await takeFields();
        assert.equal(fields["id"], id);
        assert.equal(fields["prompt"], prompt);
        assert.equal(fields["token"], server().token);
        assert.equal((await guest().post("done", id)).status, 200);
      }),
      { numRuns: 40 },
    );
  });

  it("gets numbers, lists and variables as fields of their own, and nothing for what is absent", async () => {
    const fields = { prompt: "p", maxTurns: 3, maxBudgetUsd: 0.5, allowedTools: ["Edit", "Bash(git log:*)"] };
    const { id } = await server().submit({ fields, env: { A: "1", B_2: "two words\n" } });
    const taken = await takeFields();
    assert.equal(taken["maxTurns"], "3");
    assert.equal(taken["maxBudgetUsd"], "0.5");
    assert.equal(taken["allowedTools"], "Edit,Bash(git log:*)");
    assert.equal(taken["env.A"], "1");
    assert.equal(taken["env.B_2"], "two words\n");
    assert.equal(taken["features"], "progress parts");
    assert.equal(taken["gitRepoUrl"], undefined);
    await guest().post("done", id);
  });

  it("tells whoever waits how the run is going, and keeps the transcript with the token masked", async () => {
    const { id } = await server().submit();
    await takeFields();
    const states: WaitState[] = [];
    const event = (name: string, input: object): string =>
      JSON.stringify({
        type: "assistant",
        message: { id: name, content: [{ type: "tool_use", name, input }] },
      });
    const lines = [
      `{"type":"fc-agents","state":"running"}`,
      "no JSON",
      event("Edit", { file_path: "src/app.ts" }),
      event("Bash", { command: `echo \u001b[31m ${server().token}` }),
      `{"type":"result","total_cost_usd":0.25}`,
      "",
    ].join("\n");
    assert.equal((await send(`/progress?id=${id}`, lines)).status, 200);
    const transcript: Buffer[] = [];
    await server().control(async (client) => {
      await client.wait(id, { timeoutMs: 0, inlineBytes: 100 }, (state) => states.push(state));
      await client.part(id, "transcript", (chunk) => void transcript.push(chunk));
    });
    const { progress } = states.at(-1) ?? {};
    assert.equal(progress?.turn, 2);
    assert.equal(progress.tool, "Bash");
    assert.equal(progress.costUsd, 0.25);
    assert.doesNotMatch(progress.detail ?? "", /\p{Cc}/u);
    const text = Buffer.concat(transcript).toString();
    assert.equal(text.includes(server().token), false);
    assert.match(text, /src\/app\.ts/);
    await guest().post("done", id);
  });

  it("takes a piece of the transcript once that a guest sends again because it got no answer", async () => {
    const { id } = await server().submit();
    await takeFields();
    const post = (number: number, body: string): Promise<Answer> =>
      guest().send("POST", `/progress?id=${id}`, { body, headers: { "X-Progress-Number": String(number) } })
        .answer;
    for (const [number, body] of [
      [1, "one\n"],
      [1, "one\n"],
      [2, "two\n"],
    ] as const)
      assert.equal((await post(number, body)).status, 200);
    const chunks: Buffer[] = [];
    await server().control((client) => client.part(id, "transcript", (chunk) => void chunks.push(chunk)));
    assert.equal(Buffer.concat(chunks).toString(), "one\ntwo\n");
    await guest().post("done", id);
  });

  it("stores parts beside the result and forgets them with it", async () => {
    const { id } = await server().submit();
    await takeFields();
    const patch = Buffer.alloc(100_000, "+line\n");
    assert.equal((await send(`/part?id=${id}&name=stderr`, `oops ${server().token}`)).status, 200);
    assert.equal((await send(`/part?id=${id}&name=patch`, patch)).status, 200);
    const headers = { "X-Exit-Code": "128", "X-Duration-Ms": "1500", "X-Error-Kind": "clone-failed" };
    assert.equal((await guest().post("fatal", id, headers)).status, 200);
    const outcome = await server().wait(id);
    assert.equal(outcome.record.errorKind, "clone-failed");
    assert.equal(outcome.record.agentDurationMs, 1500);
    assert.deepEqual(
      outcome.record.parts.map(({ name }) => name),
      ["patch", "stderr"],
    );
    const read = async (name: string): Promise<Buffer> => {
      const chunks: Buffer[] = [];
      await server().control((client) => client.part(id, name, (chunk) => void chunks.push(chunk)));
      return Buffer.concat(chunks);
    };
    assert.deepEqual(await read("patch"), patch);
    assert.equal((await read("stderr")).toString(), "oops [masked: the agent's OAuth token]");
    await server().control((client) => client.forget(id));
    await assert.rejects(read("patch"), /no task/);
  });

  it("takes reports only of the guest that has the task, only as long as it has it, and only known parts", async () => {
    const { id } = await server().submit();
    await takeFields();
    for (const [path, number, status] of [
      [`/progress?id=${id}`, 3, 403],
      [`/part?id=${id}&name=stderr`, 3, 403],
      ["/progress?id=unknown", 2, 404],
      ["/progress", 2, 400],
      [`/part?id=${id}&name=../x`, 2, 404],
      [`/part?id=${id}&name=transcript`, 2, 404],
    ] as const) {
      assert.equal((await send(path, "x\n", number)).status, status, path);
    }
    assert.equal((await send(`/part?id=${id}&name=commit`, "c".repeat(129))).status, 413);
    await guest().post("done", id);
    assert.equal((await send(`/progress?id=${id}`, "x\n")).status, 409);
    assert.equal((await send(`/part?id=${id}&name=stderr`, "x\n")).status, 409);
  });
});
