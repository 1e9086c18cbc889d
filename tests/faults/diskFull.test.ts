import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { catchError } from "../support/catchError";
import { makeResult } from "../support/faults/makeResult";
import { persistently } from "../support/faults/persistently";
import { findMountObstacle, SmallDisk } from "../support/faults/smallDisk";
import { skipBecause } from "../support/skipBecause";
import { Guest } from "../support/taskServer/guest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";

const prompt = "x".repeat(300_000);

describe("A task server whose disk is full", () => {
  let server: TaskServer;
  let disk: SmallDisk;
  let guest: Guest;

  beforeEach(async function () {
    skipBecause(this, findMountObstacle());
    server = servers.prepare();
    disk = SmallDisk.mount(server);
    await server.deploy();
    guest = new Guest(server, "127.0.0.2");
  });
  afterEach(async () => {
    await disk.unmount();
  });
  // After the hook above: a folder on which something is mounted cannot be removed.
  const servers = useTaskServers();

  async function assertDone(id: string, body: Buffer): Promise<void> {
    const outcome = await server.wait(id);
    assert.ok(outcome.isFinal);
    assert.equal(outcome.record.state, "done");
    assert.ok(outcome.head.equals(body), "another body");
  }

  it("refuses a task with that reason, keeps the others, and takes it once there is room", async () => {
    const first = await server.submit();
    disk.fill();
    const error = await catchError(server.submit({ prompt }));
    assert.match(error.message, /could not store it: .*disk.* full.* Look at the disk of its state folder\./);
    assert.equal((await server.record(first.id)).state, "queued");
    disk.makeRoom();
    const second = await server.submit({ prompt });
    assert.deepEqual(
      [(await guest.take()).id, (await new Guest(server, "127.0.0.3").take()).id],
      [first.id, second.id],
    );
  });

  for (const [what, size] of [
    ["short", 15_000],
    ["long", 1_000_000],
  ] as const) {
    it(`answers a ${what} result with 507, keeps nothing of it, and stores it whole once there is room`, async () => {
      const { id } = await server.submit();
      await guest.take();
      const body = makeResult(id, 1, size);
      disk.fill();
      assert.equal((await guest.post(body, id)).status, 507);
      assert.equal((await server.record(id)).state, "claimed");
      assert.deepEqual(readdirSync(join(server.folder, "incoming")), []);
      assert.deepEqual(readdirSync(join(server.folder, "results")), []);
      disk.makeRoom();
      assert.equal((await guest.post(body, id)).status, 200);
      await assertDone(id, body);
    });
  }

  it("lets a guest wait that asks for a task which cannot be claimed, and gives it once there is room", async () => {
    const { id } = await server.submit({ prompt });
    disk.fill();
    const poll = guest.poll();
    const early = await Promise.race([poll.answer, server.wait(id, 300)]);
    assert.ok("record" in early, "an error's text would be taken for a task by today's scripts");
    assert.equal(early.record.state, "queued");
    disk.makeRoom();
    // Its being queued wakes those who wait.
    const other = await server.submit();
    const given = [(await poll.answer).status, (await new Guest(server, "127.0.0.3").poll().answer).status];
    assert.deepEqual(given, [200, 200]);
    for (const task of [id, other.id]) assert.equal((await server.record(task)).attempts, 1);
  });

  it("is no reason to end: it starts again on what it has, and refuses what it cannot store", async () => {
    const { id } = await server.submit();
    disk.fill();
    const { workerPid } = await server.status();
    process.kill(workerPid, "SIGKILL");
    const record = await persistently(server, async (client) => {
      return (await client.wait(id, { timeoutMs: 0, inlineBytes: 0 })).record;
    });
    assert.equal(record.state, "queued");
    assert.match((await catchError(server.submit({ prompt }))).message, /could not store it/);
    disk.makeRoom();
    assert.equal((await guest.take()).id, id);
  });
});
