import assert from "node:assert/strict";
import { alteredArchive } from "../support/taskServer/archive";
import { Guest } from "../support/taskServer/guest";
import { RawConnection } from "../support/taskServer/rawConnection";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

describe("The task server's deliveries", () => {
  const servers = useTaskServers();

  async function untilConnections(server: TaskServer, count: number): Promise<void> {
    await waitFor(`${count} connections`, async () =>
      (await server.status()).connections === count ? true : undefined,
    );
  }

  it("leaves a task in the queue when the guest that waited has vanished", async () => {
    const server = await servers.start();
    const poll = new Guest(server, "127.0.0.2").poll();
    await untilConnections(server, 1);
    poll.vanish();
    await untilConnections(server, 0);
    const { id } = await server.submit();
    assert.equal((await server.record(id)).state, "queued");
    assert.equal((await new Guest(server, "127.0.0.3").take()).id, id);
  });

  it("gives a task to the next guest when the first one vanished", async () => {
    const server = await servers.start();
    const first = new Guest(server, "127.0.0.2").poll();
    await untilConnections(server, 1);
    const second = new Guest(server, "127.0.0.3").poll();
    await untilConnections(server, 2);
    first.vanish();
    await untilConnections(server, 1);
    const { id } = await server.submit();
    assert.equal((await second.answer).status, 200);
    assert.equal((await server.record(id)).guest, "127.0.0.3");
  });

  it("serves the newest of a guest's requests: older ones may be of a dead connection", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const older = guest.poll();
    await untilConnections(server, 1);
    const newer = guest.poll();
    await untilConnections(server, 2);
    const { id } = await server.submit();
    assert.equal((await newer.answer).status, 200);
    const { state, attempts } = await server.record(id);
    assert.deepEqual([state, attempts], ["claimed", 1], "the older request is no sign that it was lost");
    older.vanish();
  });

  it("puts a task back in front when its response did not reach the guest", async () => {
    const server = await servers.start();
    const prompt = "x".repeat(8 * 1024 * 1024);
    const stuck = await RawConnection.open(server, "127.0.0.2");
    // It never reads, so that the response fills the buffers and stays unacknowledged.
    stuck.socket.pause();
    stuck.send("GET /task HTTP/1.1\r\nHost: h\r\n\r\n");
    const first = await server.submit({ prompt });
    await waitFor("the response is under way", async () =>
      (await server.record(first.id)).state === "claimed" ? true : undefined,
    );
    const second = await server.submit();
    stuck.reset();
    const back = await waitFor("it is back in the queue", async () => {
      const record = await server.record(first.id);
      return record.state === "queued" ? record : undefined;
    });
    assert.equal(back.attempts, 0);
    assert.equal(back.claimedAt, undefined);
    const taken = [];
    for (const number of [3, 4]) taken.push((await new Guest(server, `127.0.0.${number}`).take()).id);
    assert.deepEqual(taken, [first.id, second.id]);
  });

  it("takes the result of a guest whose response counted as lost, but had arrived", async () => {
    const server = await servers.start();
    const stuck = await RawConnection.open(server, "127.0.0.2");
    stuck.socket.pause();
    stuck.send("GET /task HTTP/1.1\r\nHost: h\r\n\r\n");
    const { id } = await server.submit({ prompt: "x".repeat(8 * 1024 * 1024) });
    await waitFor("the response is under way", async () =>
      (await server.record(id)).state === "claimed" ? true : undefined,
    );
    stuck.reset();
    await waitFor("it is back in the queue", async () =>
      (await server.record(id)).state === "queued" ? true : undefined,
    );
    assert.equal((await new Guest(server, "127.0.0.2").post("arrived after all", id)).status, 200);
    assert.equal((await server.record(id)).state, "done");
    assert.equal((await server.status()).queued, 0);
  });

  it("gives a guest that asks on another connection its task when the first response stays unread", async () => {
    const archive = alteredArchive({ constants: { "guest_side.SUPERSEDED_SECONDS": "0.2" } });
    const server = await servers.start({ archive });
    const stuck = await RawConnection.open(server, "127.0.0.2");
    stuck.socket.pause();
    stuck.send("GET /task HTTP/1.1\r\nHost: h\r\n\r\n");
    const { id } = await server.submit({ prompt: "x".repeat(8 * 1024 * 1024) });
    await waitFor("the response is under way", async () =>
      (await server.record(id)).state === "claimed" ? true : undefined,
    );
    assert.equal((await new Guest(server, "127.0.0.2").take()).id, id);
    assert.equal((await server.record(id)).attempts, 1);
    stuck.close();
  });
});
