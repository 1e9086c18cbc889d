import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Guest } from "../support/taskServer/guest";
import { countDescriptors, readPeakMemoryKib } from "../support/taskServer/processFacts";
import { RawConnection } from "../support/taskServer/rawConnection";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";

const mebibyte = 1024 * 1024;
const largestGrowthKib = 8 * 1024;

describe("The task server's results", () => {
  const servers = useTaskServers();
  const inFiles = (server: TaskServer): string[] => readdirSync(join(server.folder, "results"));

  it("stand in the database up to 16 KiB, and in a file of their own above", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const sizes = [0, 1, 16 * 1024, 16 * 1024 + 1, mebibyte];
    const ids = [];
    for (const size of sizes) {
      const { id } = await server.submit();
      ids.push(id);
      await guest.take();
      const body = randomBytes(size);
      assert.equal((await guest.post(body, id)).status, 200);
      const outcome = await server.wait(id);
      assert.ok(outcome.isFinal);
      assert.deepEqual(outcome.head, body);
    }
    assert.deepEqual(inFiles(server).sort(), ids.slice(3).sort());
    await server.forgetAll();
    assert.deepEqual(inFiles(server), []);
  });

  it("arrive whole and exact at 100 MiB, and the server does not grow with them", async () => {
    const limits = { maxResultBytes: 101 * mebibyte, resultRetentionHours: 1 };
    const server = await servers.start({ limits });
    const { id } = await server.submit();
    await new Guest(server, "127.0.0.2").take();
    const { workerPid } = await server.status();
    const before = readPeakMemoryKib(workerPid);
    const piece = randomBytes(mebibyte);
    const sent = createHash("sha256");
    const connection = await RawConnection.open(server, "127.0.0.2");
    connection.send(`POST /result HTTP/1.1\r\nHost: h\r\nContent-Length: ${100 * mebibyte}\r\n\r\n`);
    for (let count = 0; count < 100; count += 1) {
      piece.writeUInt32BE(count);
      const copy = Buffer.from(piece);
      sent.update(copy);
      if (!connection.socket.write(copy)) await once(connection.socket, "drain");
    }
    assert.equal((await connection.read()).status, 200);
    connection.close();
    const received = createHash("sha256");
    await server.control((client) =>
      client.body(id, { offset: 0, length: 100 * mebibyte }, (chunk) => void received.update(chunk)),
    );
    const expected = sent.digest("hex");
    assert.equal(received.digest("hex"), expected);
    const record = await server.record(id);
    assert.deepEqual([record.resultBytes, record.resultSha256], [100 * mebibyte, expected]);
    const growth = readPeakMemoryKib(workerPid) - before;
    assert.ok(growth <= largestGrowthKib, `the worker grew by ${growth} KiB`);
  });

  it("come as head and tail where they are longer than is wanted inline", async () => {
    const server = await servers.start();
    const { id } = await server.submit();
    const guest = new Guest(server, "127.0.0.2");
    await guest.take();
    await guest.post(`head${"-".repeat(50_000)}tail`);
    const outcome = await server.control((client) => client.wait(id, { timeoutMs: 5000, inlineBytes: 8 }));
    assert.ok(outcome.isFinal);
    assert.deepEqual([outcome.head.toString(), outcome.tail.toString()], ["head", "tail"]);
  });

  it("are not stored above the limit, also when that is lowered while the server runs", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const { id } = await server.submit();
    await guest.take();
    await server.control((client) => client.configure({ limits: { maxResultBytes: 20_000 } }));
    assert.equal((await guest.post("x".repeat(20_001), id)).status, 413);
    assert.equal((await server.record(id)).state, "claimed");
    assert.equal((await guest.post("x".repeat(20_000), id)).status, 200);
    assert.equal((await guest.post("x".repeat(20_000), id)).status, 200);
  });

  it("leave no file and no descriptor behind when they are refused or cut off", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const { id } = await server.submit();
    await guest.take();
    await guest.post("x".repeat(50_000), id);
    const { workerPid } = await server.status();
    const before = countDescriptors(workerPid);
    for (let count = 0; count < 20; count += 1) {
      assert.equal((await guest.post("y".repeat(50_000), id)).status, 409);
    }
    assert.deepEqual(readdirSync(join(server.folder, "incoming")), []);
    assert.ok(existsSync(join(server.folder, "results", id)));
    // The connections of this very look and of the last posts may still be there.
    assert.ok(countDescriptors(workerPid) <= before + 3);
  });
});
