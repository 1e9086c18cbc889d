import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { Crowd } from "../support/hostile/crowd";
import { speak } from "../support/hostile/speak";
import { percentile, timeOf } from "../support/hostile/timings";
import { Guest } from "../support/taskServer/guest";
import { readPeakMemoryKib } from "../support/taskServer/processFacts";
import { RawConnection } from "../support/taskServer/rawConnection";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";

const address = "127.0.0.5";
const maxResultBytes = 1_000_000;
const head = (path: string, fields: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n`;
const small = "HEAD /task HTTP/1.1\r\nHost: h\r\n\r\n";

describe("Clients that are greedy", () => {
  const server = useOneTaskServer({ limits: { maxResultBytes, resultRetentionHours: 1 } });
  const crowds: Crowd[] = [];

  afterEach(() => {
    for (const crowd of crowds.splice(0)) crowd.end();
  });

  async function giveTask(): Promise<string> {
    const { id } = await server().submit();
    assert.equal((await new Guest(server(), address).take()).id, id);
    return id;
  }

  async function assertNothingStored(id: string): Promise<void> {
    assert.equal((await server().record(id)).state, "claimed");
    assert.deepEqual(readdirSync(`${server().folder}/incoming`), []);
  }

  it("get 413 for a body over the limit before they have sent it, and are cut off", async () => {
    const id = await giveTask();
    for (const fields of [
      `Content-Length: ${maxResultBytes + 1}`,
      "Content-Length: 999999999999999",
      `Expect: 100-continue\r\nContent-Length: ${maxResultBytes + 1}`,
    ]) {
      assert.deepEqual(
        (await speak(server(), head(`/result?id=${id}`, fields), { address })).statuses,
        [413],
      );
    }
    await assertNothingStored(id);
  });

  it("get 413 for chunks over the limit as soon as they pass it, and are cut off although they go on sending", async () => {
    const id = await giveTask();
    const endless = await RawConnection.open(server(), address);
    endless.send(head(`/result?id=${id}`, "Transfer-Encoding: chunked"));
    const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(0x10000, "x"), Buffer.from("\r\n")]);
    let sent = 0;
    while (!endless.socket.closed && sent < 64 * 1024 * 1024) {
      const isTaken = endless.socket.write(chunk);
      sent += chunk.length;
      if (!isTaken) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.ok(endless.socket.closed, `${sent} bytes were taken`);
    assert.match(await endless.readToEnd(), /^HTTP\/1\.1 413 /);
    await assertNothingStored(id);
  });

  it("get no 100 Continue where the answer is a refusal, and store nothing by an expectation", async () => {
    const id = await giveTask();
    for (const [path, fields, status] of [
      ["/result?id=none", "Expect: 100-continue\r\nContent-Length: 100000", 404],
      ["/nowhere", "Expect: 100-continue\r\nContent-Length: 5", 404],
      ["/task", "Expect: 100-continue\r\nContent-Length: 100000", 413],
      [`/result?id=${id}`, "Expect: 100-continue", 411],
      [`/result?id=${id}`, "Expect: 100-continue\r\nContent-Length: 5\r\nContent-Length: 5", 400],
    ] as const) {
      const { statuses, text } = await speak(server(), head(path, fields), { address });
      assert.deepEqual([path, ...statuses], [path, status]);
      assert.ok(!text.includes("100 Continue"), path);
    }
    await assertNothingStored(id);
  });

  it("may pipeline 1,000 requests: each is answered, in order", async () => {
    const { statuses } = await speak(server(), small.repeat(1000), { address, answers: 1000 });
    assert.deepEqual([statuses.length, ...new Set(statuses)], [1000, 200]);
  });

  it("are refused at the first of pipelined requests that is malformed, and what came before is answered", async () => {
    const { statuses } = await speak(server(), `${small.repeat(3)}GET\r\n\r\n${small.repeat(3)}`, {
      address,
    });
    assert.deepEqual(statuses, [200, 200, 200, 400]);
  });

  it("take no memory by answers that they do not read", async function () {
    this.timeout(60_000);
    const { workerPid } = await server().status();
    const before = readPeakMemoryKib(workerPid);
    const deaf = await RawConnection.open(server(), "127.0.0.66");
    deaf.socket.pause();
    const block = small.repeat(8192);
    for (let sent = 0; sent < 128 && !deaf.socket.closed; sent += 1) {
      if (deaf.socket.write(block)) continue;
      // What the kernel does not take any more, the server does not read: that is the point.
      const isTaken = once(deaf.socket, "drain", { signal: AbortSignal.timeout(1500) });
      if (!(await isTaken.then(() => true).catch(() => false))) break;
    }
    assert.ok(
      readPeakMemoryKib(workerPid) - before < 8 * 1024,
      `${readPeakMemoryKib(workerPid) - before} KiB`,
    );
    deaf.close();
  });

  it("take little memory by what they send while they wait: 1,000 polls with 300 KiB behind each", async function () {
    this.timeout(60_000);
    const { workerPid } = await server().status();
    const before = readPeakMemoryKib(workerPid);
    const crowd = new Crowd(server(), "127.0.0.66");
    crowds.push(crowd);
    await crowd.open(1000, Buffer.from(`GET /task HTTP/1.1\r\nHost: h\r\n\r\n${"x".repeat(300_000)}`));
    assert.equal((await new Guest(server(), "127.0.0.2").get("/healthz")).status, 200);
    const grown = readPeakMemoryKib(workerPid) - before;
    assert.ok(grown < 48 * 1024, `${grown} KiB`);
  });

  it("do not keep others waiting by what they have pipelined: guests take turns", async function () {
    this.timeout(60_000);
    const crowd = new Crowd(server(), "127.0.0.66");
    crowds.push(crowd);
    await crowd.open(20, Buffer.from(small.repeat(20_000)));
    const guest = new Guest(server(), "127.0.0.2");
    const times: number[] = [];
    for (let count = 0; count < 20; count += 1) {
      times.push(await timeOf(() => guest.send("HEAD", "/task").answer));
    }
    console.log(`      median ${percentile(times, 0.5).toFixed(1)} ms beside 400,000 pipelined requests`);
    assert.ok(percentile(times, 0.5) < 250, `${percentile(times, 0.5)} ms`);
  });
});
