import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { Crowd } from "../support/hostile/crowd";
import { describeTimes, percentile, timeOf } from "../support/hostile/timings";
import { alteredArchive } from "../support/taskServer/archive";
import { Guest } from "../support/taskServer/guest";
import { RawConnection } from "../support/taskServer/rawConnection";
import type { TaskServer } from "../support/taskServer/taskServer";
import { waitFor } from "../support/taskServer/waitFor";
import { useTaskServers } from "../support/taskServer/useTaskServers";

/** The strict figure, 50 ms, is the bench's: a test machine may be busy with something else. */
const generousMedianMs = 250;
const requests = 50;
const deliveries = 20;

const countThreads = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

describe("Clients that are slow on purpose", () => {
  const servers = useTaskServers();
  const crowds: Crowd[] = [];

  afterEach(() => {
    for (const crowd of crowds.splice(0)) crowd.end();
  });

  function crowdOf(server: TaskServer, address = "127.0.0.66"): Crowd {
    const crowd = new Crowd(server, address);
    crowds.push(crowd);
    return crowd;
  }

  /** Times of an honest guest's requests, and of tasks on their way to it. */
  async function serveHonestGuest(server: TaskServer): Promise<number[][]> {
    const guest = new Guest(server, "127.0.0.2");
    const heads: number[] = [];
    for (let count = 0; count < requests; count += 1) {
      heads.push(
        await timeOf(async () => {
          assert.equal((await guest.send("HEAD", "/task").answer).status, 200);
        }),
      );
    }
    const tasks: number[] = [];
    for (let count = 0; count < deliveries; count += 1) {
      const { id } = await server.submit();
      tasks.push(
        await timeOf(async () => {
          assert.equal((await guest.take()).id, id);
        }),
      );
      assert.equal((await guest.post("done", id)).status, 200);
    }
    console.log(`      HEAD /task: ${describeTimes(heads)}; delivery of a task: ${describeTimes(tasks)}`);
    return [heads, tasks];
  }

  it("do not keep an honest guest waiting: 500 that say nothing and 500 that send a byte a second, with no thread for any, and each is cut off when the time for its head is over", async function () {
    this.timeout(60_000);
    const server = await servers.start();
    await serveHonestGuest(server);
    const { workerPid } = await server.status();
    const threads = countThreads(workerPid);
    const silent = crowdOf(server);
    const slow = crowdOf(server, "127.0.0.67");
    await silent.open(500);
    await slow.open(500);
    slow.dribble("GET /task HTTP/1.1\r\nHost: h\r\nX: ");
    await waitFor("all of them are counted", async () =>
      (await server.status()).connections === 1000 ? true : undefined,
    );
    for (const times of await serveHonestGuest(server)) assert.ok(percentile(times, 0.5) < generousMedianMs);
    assert.deepEqual(
      [silent.closed, slow.closed],
      [0, 0],
      "the guest was served before any of them was cut off",
    );
    assert.ok(countThreads(workerPid) <= threads, `${countThreads(workerPid)} threads, ${threads} before`);
    await Promise.all([silent.untilClosed(20_000), slow.untilClosed(20_000)]);
    for (const lifetime of [...silent.lifetimes, ...slow.lifetimes])
      assert.ok(lifetime > 9000, `${lifetime} ms`);
    assert.equal(silent.received, "");
    assert.match(slow.received, /^HTTP\/1\.1 408 /);
    assert.equal((await server.status()).workerPid, workerPid);
  });

  it("cannot lock others out: beyond 1,024 connections the guest that has the most makes room, and no other", async function () {
    this.timeout(60_000);
    const server = await servers.start();
    const { id } = await server.submit();
    const honest = new Guest(server, "127.0.0.2");
    await honest.take();
    const upload = await RawConnection.open(server, "127.0.0.2");
    upload.send(`POST /result?id=${id} HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello`);
    const idle = await RawConnection.open(server, "127.0.0.3");
    const crowd = crowdOf(server);
    await crowd.open(1500);
    assert.ok((await server.status()).connections <= 1024);
    await waitFor("room was made", () => (crowd.closed > 400 ? true : undefined));
    assert.equal((await new Guest(server, "127.0.0.4").get("/healthz")).status, 200);
    assert.equal((await idle.ask("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")).status, 200);
    assert.equal((await upload.ask("world")).status, 200);
    upload.close();
    idle.close();
  });

  it("cannot lock others out by polls that are held either", async function () {
    this.timeout(60_000);
    const server = await servers.start();
    const crowd = crowdOf(server);
    await crowd.open(1200, "GET /task HTTP/1.1\r\nHost: h\r\n\r\n");
    for (const times of [await timesOfHead(server)]) assert.ok(percentile(times, 0.5) < generousMedianMs);
    assert.ok((await server.status()).connections <= 1024);
  });

  it("are cut off in the middle of a body, when nothing more of it comes, and nothing of it is kept", async function () {
    const archive = alteredArchive({ constants: { "guest_connection.BODY_SECONDS": "0.5" } });
    const server = await servers.start({ archive });
    const { id } = await server.submit();
    await new Guest(server, "127.0.0.2").take();
    for (const head of [
      "Content-Length: 10",
      "Content-Length: 10\r\nExpect: 100-continue",
      "Transfer-Encoding: chunked",
    ]) {
      const connection = await RawConnection.open(server, "127.0.0.2");
      connection.send(`POST /result?id=${id} HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n`);
      assert.match(await connection.readToEnd(), /HTTP\/1\.1 408 /);
    }
    assert.equal((await server.record(id)).state, "claimed");
    assert.deepEqual(readdirSync(`${server.folder}/incoming`), []);
  });

  async function timesOfHead(server: TaskServer): Promise<number[]> {
    const guest = new Guest(server, "127.0.0.2");
    const times: number[] = [];
    for (let count = 0; count < requests; count += 1) {
      times.push(await timeOf(() => guest.send("HEAD", "/task").answer));
    }
    return times;
  }
});
