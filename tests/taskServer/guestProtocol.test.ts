import assert from "node:assert/strict";
import { Guest, readTask } from "../support/taskServer/guest";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";

const dateOfHttp = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

describe("The guest side of the task server: tasks", () => {
  const server = useOneTaskServer();
  const guest = (number = 2): Guest => new Guest(server(), `127.0.0.${number}`);

  it("answers HEAD /task with the time, and takes nothing from the queue", async () => {
    const { id } = await server().submit();
    const { status, headers, body } = await guest().send("HEAD", "/task").answer;
    assert.equal(status, 200);
    assert.match(headers.date ?? "", dateOfHttp);
    assert.ok(Math.abs(Date.parse(headers.date ?? "") - Date.now()) < 3000);
    assert.equal(body.length, 0);
    assert.equal((await server().record(id)).state, "queued");
  });

  it("hands a task out with its token, absent options absent", async () => {
    const { id } = await server().submit({ prompt: "say hello" });
    const answer = await guest().get("/task");
    assert.equal(answer.headers["content-type"], "application/json");
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.deepEqual(JSON.parse(answer.body.toString()), {
      id,
      prompt: "say hello",
      effort: "low",
      outputFormat: "text",
      token: server().token,
    });
  });

  it("hands every option out as it was declared, whatever its characters", async () => {
    const fields = {
      prompt: "'\"$(id)`\\ \u0000 \u{1F600} \u2028 --help",
      gitRepoUrl: "https://example.com/r.git",
      model: "m",
      effort: "max",
      outputFormat: "json",
    };
    const { id } = await server().submit({ fields });
    assert.deepEqual(await guest().take(), { id, ...fields, token: server().token });
  });

  it("hands a prompt of 1 MiB out whole", async () => {
    const prompt = "\u00e9\n".repeat(350_000);
    await server().submit({ prompt });
    assert.equal((await guest().take()).prompt, prompt);
  });

  it("gives a guest that waits a task as soon as it is queued", async () => {
    const poll = guest().poll();
    const { id } = await server().submit();
    const asked = Date.now();
    assert.equal(readTask(await poll.answer).id, id);
    assert.ok(Date.now() - asked < 1000);
  });

  it("hands tasks out in the order in which they were queued", async () => {
    const submitted = [];
    for (const prompt of ["first", "second", "third"]) submitted.push((await server().submit({ prompt })).id);
    const taken = [];
    for (const number of [2, 3, 4]) taken.push((await guest(number).take()).id);
    assert.deepEqual(taken, submitted);
  });

  it("gives three guests that wait one task each", async () => {
    const polls = [2, 3, 4].map((number) => guest(number).poll());
    const submitted = await Promise.all([1, 2, 3].map(() => server().submit()));
    const answers = await Promise.all(polls.map((poll) => poll.answer));
    const taken = answers.map((answer) => readTask(answer).id);
    assert.deepEqual(taken.sort(), submitted.map(({ id }) => id).sort());
    const guests = await Promise.all(submitted.map(async ({ id }) => (await server().record(id)).guest));
    assert.deepEqual(guests.sort(), ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
  });

  it("answers 204 after ten seconds without a task, and the connection stays usable", async () => {
    const asked = Date.now();
    const { status, body, headers } = await guest(9).get("/task");
    const seconds = (Date.now() - asked) / 1000;
    assert.equal(status, 204);
    assert.equal(body.length, 0);
    assert.match(headers.date ?? "", dateOfHttp);
    assert.ok(seconds > 9.5 && seconds < 12, `held for ${seconds} s`);
  });

  it("is healthy", async () => {
    const { status, body } = await guest().get("/healthz");
    assert.deepEqual([status, body.toString()], [200, "ok\n"]);
  });

  it("knows no other address, and no other method", async () => {
    assert.equal((await guest().get("/")).status, 404);
    assert.equal((await guest().get("/Task")).status, 404);
    assert.equal((await guest().get("/%74ask")).status, 404);
    for (const [method, path, allow] of [
      ["POST", "/task", "GET, HEAD"],
      ["DELETE", "/task", "GET, HEAD"],
      ["GET", "/result", "POST"],
      ["PUT", "/result", "POST"],
    ] as const) {
      const { status, headers } = await guest().send(method, path).answer;
      assert.deepEqual([method, status, headers.allow], [method, 405, allow]);
    }
  });

  it("puts a date on every answer", async () => {
    for (const path of ["/healthz", "/nowhere", "/result"]) {
      assert.match((await guest().get(path)).headers.date ?? "", dateOfHttp);
    }
  });
});
