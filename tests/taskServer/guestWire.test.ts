import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Guest } from "../support/taskServer/guest";
import { RawConnection } from "../support/taskServer/rawConnection";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

const maxResultBytes = 100_000;

describe("The guest side of the task server: bytes on the wire", () => {
  const server = useOneTaskServer({ limits: { maxResultBytes, resultRetentionHours: 1 } });
  const address = "127.0.0.5";
  const open: RawConnection[] = [];

  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
  });

  async function connect(): Promise<RawConnection> {
    const connection = await RawConnection.open(server(), address);
    open.push(connection);
    return connection;
  }

  async function giveTask(): Promise<string> {
    const { id } = await server().submit();
    assert.equal((await new Guest(server(), address).take()).id, id);
    return id;
  }

  async function bodyOf(id: string): Promise<string> {
    const outcome = await server().wait(id);
    assert.ok(outcome.isFinal, "the task is not finished");
    return outcome.head.toString("latin1");
  }

  const incoming = (): string[] => readdirSync(join(server().folder, "incoming"));

  it("takes a chunked body, with extensions and a trailer", async () => {
    const id = await giveTask();
    const connection = await connect();
    connection.send("POST /result HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    connection.send("1;a=b\r\n \r\n5\r\nworld\r\n0\r\nX-Sum: 1\r\n\r\n");
    assert.equal((await connection.read()).status, 200);
    assert.equal(await bodyOf(id), "hello world");
  });

  it("keeps nothing of a body that is cut off, whether its length was declared or it came in chunks", async () => {
    const id = await giveTask();
    const long = "x".repeat(50_000);
    for (const [head, sent] of [
      ["Content-Length: 60000", long],
      ["Content-Length: 10", "short"],
      ["Transfer-Encoding: chunked", `c350\r\n${long}\r\n5\r\nhel`],
      ["Transfer-Encoding: chunked", `c350\r\n${long}\r\n0\r\n`],
    ]) {
      const connection = await connect();
      connection.send(`POST /result HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n${sent}`);
      connection.socket.end();
      assert.equal(await connection.readToEnd(), "");
    }
    await waitFor("nothing is left of the bodies", () => (incoming().length === 0 ? true : undefined));
    assert.equal((await server().record(id)).state, "claimed");
  });

  it("refuses a body without a length, with a bad one, and one that is too long; nothing is stored", async () => {
    const id = await giveTask();
    for (const [head, body, status] of [
      ["", "", 411],
      ["Content-Length: -1\r\n", "", 400],
      ["Content-Length: 1e3\r\n", "", 400],
      ["Content-Length: 1\r\nContent-Length: 2\r\n", "", 400],
      ["Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "", 400],
      [`Content-Length: ${maxResultBytes + 1}\r\n`, "", 413],
      ["Content-Length: 99999999999999999999\r\n", "", 413],
      ["Transfer-Encoding: chunked\r\n", "zz\r\n", 400],
      ["Transfer-Encoding: chunked\r\n", "-5\r\n", 400],
      ["Transfer-Encoding: chunked\r\n", `186a1\r\n${"x".repeat(maxResultBytes + 1)}\r\n0\r\n\r\n`, 413],
      ["Transfer-Encoding: gzip, chunked\r\n", "", 501],
    ] as const) {
      const connection = await connect();
      const answer = await connection.ask(`POST /result HTTP/1.1\r\nHost: h\r\n${head}\r\n${body}`);
      assert.equal(answer.status, status, head);
      assert.equal(answer.headers.get("connection"), "close");
      connection.socket.end();
      await connection.readToEnd();
    }
    assert.deepEqual(incoming(), []);
    assert.equal((await server().record(id)).state, "claimed");
  });

  it("accepts a body of exactly the longest size", async () => {
    const id = await giveTask();
    const { status } = await new Guest(server(), address).post(Buffer.alloc(maxResultBytes, "y"), id);
    assert.equal(status, 200);
    assert.equal((await server().record(id)).resultBytes, maxResultBytes);
  });

  it("says 100 Continue before it reads the body, and not where it refuses it", async () => {
    const id = await giveTask();
    const head = (length: number): string =>
      `POST /result HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    const refused = await connect();
    assert.equal((await refused.ask(head(maxResultBytes + 1))).status, 413);
    const connection = await connect();
    assert.equal((await connection.ask(head(5))).status, 100);
    assert.equal((await connection.ask("hello")).status, 200);
    assert.equal(await bodyOf(id), "hello");
  });

  it("closes the connection after a request of HTTP/1.0 or with Connection: close, and keeps others open", async () => {
    for (const request of [
      "GET /healthz HTTP/1.0\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    ]) {
      const connection = await connect();
      assert.equal((await connection.ask(request)).headers.get("connection"), "close");
      assert.equal(await connection.readToEnd(), "");
    }
    const connection = await connect();
    for (let count = 0; count < 3; count += 1) {
      const { status } = await connection.ask("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
      assert.equal(status, 200);
    }
  });

  it("answers pipelined requests in their order, a result and the next task among them", async () => {
    const id = await giveTask();
    const { id: next } = await server().submit();
    const connection = await connect();
    connection.send(
      "HEAD /task HTTP/1.1\r\nHost: h\r\n\r\n" +
        `POST /result?id=${id} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok` +
        "GET /task HTTP/1.1\r\nHost: h\r\n\r\nPUT /task HTTP/1.1\r\nHost: h\r\n\r\n",
    );
    assert.equal((await connection.read({ hasBody: false })).status, 200);
    assert.equal((await connection.read()).body, "stored\n");
    assert.match((await connection.read()).body, new RegExp(`"id":"${next}"`));
    assert.equal((await connection.read()).status, 405);
  });

  it("takes a request that comes byte by byte", async () => {
    const id = await giveTask();
    const connection = await connect();
    for (const byte of `POST /result?id=${id} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc`) {
      connection.send(byte);
    }
    assert.equal((await connection.read()).status, 200);
    assert.equal(await bodyOf(id), "abc");
  });

  it("refuses what is no HTTP, other versions and heads without end", async () => {
    for (const [bytes, status] of [
      ["hello\r\n\r\n", 400],
      ["GET /task\r\n\r\n", 400],
      ["GET /task HTTP/2.0\r\n\r\n", 505],
      ["GET /task HTTP/1.1\r\n\r\n", 400],
      ["GET /task HTTP/1.1\nHost: h\n\n", 400],
      ["GET /task HTTP/1.1\r\nHost: h\r\nX: a\u0000b\r\n\r\n", 400],
      ["GET /task HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n", 400],
      [`GET /task HTTP/1.1\r\n${"x".repeat(17_000)}`, 431],
      [`GET /${"x".repeat(3000)} HTTP/1.1\r\nHost: h\r\n\r\n`, 414],
      [`GET /task HTTP/1.1\r\nHost: h\r\n${"X: y\r\n".repeat(120)}\r\n`, 431],
    ] as const) {
      assert.equal((await (await connect()).ask(bytes)).status, status, bytes.slice(0, 60));
    }
  });
});
