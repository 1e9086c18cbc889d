import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { speak } from "../support/hostile/speak";
import { Guest } from "../support/taskServer/guest";
import { RawConnection } from "../support/taskServer/rawConnection";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";

const address = "127.0.0.5";

/** Ids as they stand in a query, and what they are answered with. */
const queryIds: readonly (readonly [id: string, status: number])[] = [
  ["../queue.db", 404],
  ["..", 404],
  [".", 404],
  ["/etc/passwd", 404],
  ["..%2f..%2fserver.json", 404],
  ["%2e%2e%2fserver.pid", 404],
  ["%252e%252e%252f", 404],
  ["..%5c..%5cx", 404],
  ["ID%00", 400],
  ["%00", 400],
  ["ID%0a", 400],
  ["ID%0d%0aX-Evil:1", 400],
  ["ID%7f", 400],
  ["%c0%ae%c0%ae%c0%af", 400],
  ["%e0%80%ae", 400],
  ["%f0%80%80%ae", 400],
  ["%ed%a0%80", 400],
  ["%ff", 400],
  ["%", 400],
  ["%4", 400],
  ["%zz", 400],
  ["%u0041", 400],
  ["%EF%BC%8E%EF%BC%8E", 404],
  ["x".repeat(1000), 404],
  ["x".repeat(3000), 414],
  ["ID&id=ID", 400],
  ["ID&%69d=other", 400],
  ["ID%20", 404],
  ["id'%20or%20'1'='1", 404],
  ["$(id)", 404],
  ["%F0%9F%98%80", 404],
];

/** Ids as they stand in the header X-Task-Id. */
const headerIds: readonly (readonly [id: string, status: number])[] = [
  ["../queue.db", 404],
  ["..%2fqueue.db", 404],
  ["ID\0", 400],
  ["ID\x01", 400],
  ["ID ID", 404],
  ["ID, ID", 404],
  ["ID\r\nX-Task-Id: ID", 400],
  ["\xe9\xff", 404],
  ["x".repeat(5000), 404],
];

describe("Tricks with the id of a task", () => {
  const server = useOneTaskServer();
  const post = (target: string, fields = ""): string =>
    `POST ${target} HTTP/1.1\r\nHost: h\r\n${fields}Content-Length: 4\r\n\r\nevil`;

  async function assertRefused(
    requests: (id: string) => (readonly [request: string, status: number])[],
  ): Promise<void> {
    const { id } = await server().submit();
    await new Guest(server(), address).take();
    const files = listFiles();
    for (const [request, status] of requests(id)) {
      const { statuses } = await speak(server(), request, { address, answers: 1 });
      assert.deepEqual([request.slice(0, 80), ...statuses], [request.slice(0, 80), status]);
    }
    assert.deepEqual(listFiles(), files);
    assert.equal((await server().record(id)).state, "claimed");
  }

  const listFiles = (): string[] =>
    ["", "results", "incoming"]
      .map((name) => join(server().folder, name))
      .filter(existsSync)
      .flatMap((folder) => readdirSync(folder));

  it(`in the query: ${queryIds.length} ways to name a path, a NUL or another task are refused`, async () => {
    await assertRefused((id) =>
      queryIds.map(([text, status]) => [post(`/result?id=${text.replaceAll("ID", id)}`), status] as const),
    );
  });

  it(`in X-Task-Id: ${headerIds.length} ways are refused, too`, async () => {
    await assertRefused((id) =>
      headerIds.map(
        ([text, status]) => [post("/result", `X-Task-Id: ${text.replaceAll("ID", id)}\r\n`), status] as const,
      ),
    );
  });

  it("in the path: it is taken as it is written, so nothing but the three addresses exists", async () => {
    const paths = [
      "/./task",
      "//task",
      "/task/",
      "/x/../task",
      "/%74ask",
      "/task;x",
      "/task%00",
      "/TASK",
      "/result/../task",
    ];
    await assertRefused(() => paths.map((path) => [`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`, 404] as const));
  });

  it("in methods: unknown ones are refused and take nothing", async () => {
    const methods = ["get", "G", "GETT", "POST", "PUT", "TRACE", "OPTIONS", "PATCH", "QUERY", "M-SEARCH"];
    await assertRefused(() =>
      methods.map(
        (method) => [`${method} /task HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`, 405] as const,
      ),
    );
  });

  it("by a poll that is cut off in its body: it takes no task, and its guest does not lose the one that it has", async () => {
    const { id } = await server().submit();
    await new Guest(server(), address).take();
    const { id: queued } = await server().submit();
    for (const from of [address, "127.0.0.6"]) {
      const connection = await RawConnection.open(server(), from);
      connection.send("GET /task HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel");
      connection.socket.end();
      assert.equal(await connection.readToEnd(), "");
    }
    assert.equal((await server().record(id)).state, "claimed");
    assert.equal((await server().record(queued)).state, "queued");
    assert.equal((await new Guest(server(), "127.0.0.6").post("never given")).status, 404);
  });
});
