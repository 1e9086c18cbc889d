import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Guest } from "../support/taskServer/guest";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";

describe("The guest side of the task server: results", () => {
  const server = useOneTaskServer();
  const guest = (number = 2): Guest => new Guest(server(), `127.0.0.${number}`);

  /** Queues a task that the guest then has. */
  async function giveTask(to = guest()): Promise<string> {
    const { id } = await server().submit();
    assert.equal((await to.take()).id, id);
    return id;
  }

  it("stores a bare /result for the task of that guest", async () => {
    const id = await giveTask();
    assert.equal((await guest().post("hello\n")).status, 200);
    const outcome = await server().wait(id);
    assert.ok(outcome.isFinal);
    assert.equal(outcome.head.toString(), "hello\n");
    assert.equal(outcome.record.state, "done");
    assert.equal(outcome.record.exitCode, 0);
    assert.equal(outcome.record.guest, "127.0.0.2");
    assert.equal(outcome.record.resultBytes, 6);
    assert.equal(outcome.record.resultSha256, createHash("sha256").update("hello\n").digest("hex"));
  });

  for (const [what, path, headers] of [
    ["?id= with an X-Task-Id that is empty", "/result?id=ID", { "X-Task-Id": "" }],
    ["?id= and the same X-Task-Id", "/result?id=ID", { "X-Task-Id": "ID" }],
    ["an X-Task-Id alone", "/result", { "X-Task-Id": "ID" }],
    ["?id= that is empty and an X-Task-Id", "/result?id=", { "X-Task-Id": "ID" }],
    ["?id= that is percent-encoded", "/result?x=1&id=%74ask-ID", {}],
  ] as const) {
    it(`stores a result that is posted with ${what}`, async () => {
      const id = await giveTask();
      const withId = (text: string): string =>
        text.replace("%74ask-ID", id.replace(/^t/, "%74")).replace("ID", id);
      const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withId(value)]));
      const { status } = await guest().send("POST", withId(path), { body: "r", headers: named }).answer;
      assert.equal(status, 200);
      assert.equal((await server().record(id)).state, "done");
    });
  }

  it("takes the exit code from X-Exit-Code, or from the text of a guest script's error", async () => {
    for (const [body, headers, expected] of [
      ["out", { "X-Exit-Code": "3" }, 3],
      ["ERROR: claude exit=124: timed out", {}, 124],
      ["ERROR: claude exit=124: timed out", { "X-Exit-Code": "1" }, 1],
      ["an ERROR: claude exit=7: inside", {}, 0],
      ["", { "X-Exit-Code": "-9" }, -9],
    ] as const) {
      const id = await giveTask();
      assert.equal((await guest().post(body, id, headers)).status, 200);
      assert.equal((await server().record(id)).exitCode, expected);
    }
    const id = await giveTask();
    assert.equal((await guest().post("out", id, { "X-Exit-Code": "a lot" })).status, 400);
    assert.equal((await server().record(id)).state, "claimed");
  });

  it("accepts the same result again, also bare, and refuses another one", async () => {
    const id = await giveTask();
    assert.equal((await guest().post("first", id)).status, 200);
    assert.equal((await guest().post("first", id)).status, 200);
    assert.equal((await guest().post("first")).status, 200);
    assert.equal((await guest().post("other", id)).status, 409);
    assert.equal((await guest().post("other")).status, 404);
    const outcome = await server().wait(id);
    assert.ok(outcome.isFinal);
    assert.equal(outcome.head.toString(), "first");
  });

  it("refuses a result for a task that is unknown, another guest's, or nobody's", async () => {
    const id = await giveTask();
    const { id: queued } = await server().submit();
    for (const [poster, named, expected] of [
      [guest(), "no-such-task", 404],
      [guest(), "..%2f..%2fetc%2fpasswd", 404],
      [guest(), "%00", 400],
      [guest(3), id, 403],
      [guest(2), queued, 403],
      [guest(3), undefined, 404],
    ] as const) {
      assert.equal((await poster.post("r", named)).status, expected, `${poster.address} ${named ?? "bare"}`);
    }
    assert.equal((await server().record(id)).state, "claimed");
    assert.equal((await server().record(queued)).state, "queued");
  });

  it("refuses ids that contradict each other", async () => {
    const id = await giveTask();
    assert.equal((await guest().post("r", id, { "X-Task-Id": "other" })).status, 400);
    assert.equal((await guest().send("POST", `/result?id=${id}&id=${id}`, { body: "r" }).answer).status, 400);
  });

  it("says in the record how long the task took and when it was claimed", async () => {
    const id = await giveTask();
    await guest().post("r");
    const { queuedAt, claimedAt = "", finishedAt = "", durationMs = -1 } = await server().record(id);
    const times = [queuedAt, claimedAt, finishedAt].map(Date.parse);
    assert.deepEqual(times, times.toSorted());
    assert.ok(Math.abs(durationMs - ((times[2] ?? 0) - (times[1] ?? 0))) <= 5);
  });
});
