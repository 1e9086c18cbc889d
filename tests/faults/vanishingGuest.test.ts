import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { arm, killableArchive } from "../support/faults/killSteps";
import { makeResult } from "../support/faults/makeResult";
import { WorkingGuest } from "../support/faults/workingGuest";
import { Guest } from "../support/taskServer/guest";
import { RawConnection } from "../support/taskServer/rawConnection";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

describe("A guest that vanishes, restarts or mistakes itself", () => {
  const servers = useTaskServers();
  const working: WorkingGuest[] = [];
  afterEach(async () => {
    await Promise.all(working.splice(0).map((guest) => guest.stop()));
  });

  function work(server: TaskServer, number: number, resultBytes = 100): WorkingGuest {
    const agent = (id: string, run: number): Buffer => makeResult(id, run, resultBytes);
    const guest = new WorkingGuest(server, `127.0.0.${number}`, agent);
    working.push(guest);
    guest.start();
    return guest;
  }

  /** Takes a task, and waits until the server is done with that conversation. */
  async function takeAndVanish(server: TaskServer): Promise<void> {
    await new Guest(server, "127.0.0.2").take();
    await untilConnections(server, 0);
  }

  async function untilConnections(server: TaskServer, count: number): Promise<void> {
    await waitFor(`${count} connections`, async () =>
      (await server.status()).connections === count ? true : undefined,
    );
  }

  async function untilFinal(
    server: TaskServer,
    id: string,
  ): Promise<{ state: string; reason?: string | undefined; body: Buffer }> {
    const outcome = await server.wait(id);
    assert.ok(outcome.isFinal, `still ${outcome.record.state}`);
    const { state, reason } = outcome.record;
    return { state, reason, body: outcome.head };
  }

  it("leaves its task to another one when it vanishes before it has claimed it", async () => {
    const server = await servers.start();
    const gone = new Guest(server, "127.0.0.2").poll();
    await untilConnections(server, 1);
    gone.vanish();
    const { id } = await server.submit();
    const other = work(server, 3);
    assert.equal((await untilFinal(server, id)).state, "done");
    assert.deepEqual([...other.runs], [[id, 1]]);
  });

  it("keeps its task when it vanishes after claiming: no other guest runs the agent a second time", async () => {
    const server = await servers.start();
    const { id } = await server.submit();
    await takeAndVanish(server);
    const other = work(server, 3);
    const next = await server.submit();
    assert.equal((await untilFinal(server, next.id)).state, "done");
    assert.deepEqual([...other.runs], [[next.id, 1]]);
    assert.equal((await server.record(id)).state, "claimed");
  });

  it("has lost its task when it restarts and asks again, which is told as the reason", async () => {
    const server = await servers.start();
    const { id } = await server.submit();
    await takeAndVanish(server);
    const again = work(server, 2);
    const { state, reason } = await untilFinal(server, id);
    assert.equal(state, "failed");
    assert.match(reason ?? "", /^the guest 127\.0\.0\.2 lost it: it asked for a task again/);
    const next = await server.submit();
    assert.equal((await untilFinal(server, next.id)).state, "done");
    assert.deepEqual([...again.runs], [[next.id, 1]]);
  });

  it("is given its task again when it restarts, where the stack allows a second attempt", async () => {
    const server = await servers.start();
    const { id } = await server.submit({ maxAttempts: 2 });
    await takeAndVanish(server);
    const again = work(server, 2);
    const { state, body } = await untilFinal(server, id);
    assert.equal(state, "done");
    assert.ok(body.equals(makeResult(id, 1, 100)));
    assert.deepEqual([...again.runs], [[id, 1]]);
    assert.equal((await server.record(id)).attempts, 2);
  });

  for (const [what, size] of [
    ["short", 1000],
    ["long", 1_000_000],
  ] as const) {
    it(`leaves nothing of a ${what} result in the middle of which it vanishes, and may post it again`, async () => {
      const server = await servers.start();
      const { id } = await server.submit();
      const guest = new Guest(server, "127.0.0.2");
      await guest.take();
      const body = makeResult(id, 1, size);
      const connection = await RawConnection.open(server, "127.0.0.2");
      connection.send(`POST /result?id=${id} HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`);
      connection.send(body.subarray(0, size / 2));
      if (size > 16_384) await untilIncoming(server, 1);
      connection.reset();
      await untilConnections(server, 0);
      await untilIncoming(server, 0);
      assert.equal((await server.record(id)).state, "claimed");
      assert.equal((await guest.post(body, id)).status, 200);
      assert.ok((await untilFinal(server, id)).body.equals(body));
    });
  }

  async function untilIncoming(server: TaskServer, count: number): Promise<void> {
    await waitFor(`${count} bodies are being received`, () =>
      readdirSync(join(server.folder, "incoming")).length === count ? true : undefined,
    );
  }

  it("gets 403 for a result of another guest's task, which changes nothing of that task", async () => {
    const server = await servers.start();
    const { id } = await server.submit();
    const owner = new Guest(server, "127.0.0.2");
    await owner.take();
    const before = await server.record(id);
    for (const size of [100, 100_000]) {
      assert.equal((await new Guest(server, "127.0.0.3").post(makeResult(id, 9, size), id)).status, 403);
    }
    assert.deepEqual(await server.record(id), before);
    assert.equal((await owner.post("the owner's", id)).status, 200);
    assert.equal((await untilFinal(server, id)).body.toString(), "the owner's");
  });

  it("shares a server with another one: each task runs once, and has the result of the guest that ran it", async () => {
    const server = await servers.start();
    const guests = [work(server, 2), work(server, 3)];
    const ids = (await Promise.all(Array.from({ length: 40 }, () => server.submit()))).map(({ id }) => id);
    for (const id of ids) {
      const { state, body } = await untilFinal(server, id);
      assert.equal(state, "done");
      assert.ok(body.equals(makeResult(id, 1, 100)));
    }
    const runs = guests.flatMap((guest) => [...guest.runs]);
    assert.deepEqual(runs.map(([id]) => id).sort(), [...ids].sort());
    assert.ok(runs.every(([, count]) => count === 1));
  });

  it("does not get a task again that had reached it whole when the server was killed", async () => {
    const server = await servers.start({ archive: killableArchive() });
    const { id } = await server.submit();
    arm(server, { point: "response-sent" }, "worker");
    const guest = new Guest(server, "127.0.0.2");
    assert.equal((await guest.take()).id, id);
    // An older script, whose agent ended before the server was back, posts once and asks for the next task.
    const again = await waitFor("the server is back", () => guest.get("/healthz").catch(() => undefined));
    assert.equal(again.status, 200);
    const other = work(server, 2);
    const { state, reason } = await untilFinal(server, id);
    assert.deepEqual([state, other.runs.size], ["failed", 0]);
    assert.match(reason ?? "", /lost it/);
  });
});
