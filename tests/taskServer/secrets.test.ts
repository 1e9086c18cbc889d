import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Guest } from "../support/taskServer/guest";
import { readShown } from "../support/taskServer/processFacts";
import { RawConnection } from "../support/taskServer/rawConnection";
import { makeToken, type TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";

const mask = "[masked: the agent's OAuth token]";

describe("The task server's token", () => {
  const servers = useTaskServers();

  async function resultOf(server: TaskServer, id: string): Promise<{ text: string; masked: boolean }> {
    const outcome = await server.wait(id);
    assert.ok(outcome.isFinal);
    return { text: outcome.head.toString(), masked: outcome.record.masked };
  }

  async function giveTask(server: TaskServer): Promise<string> {
    const { id } = await server.submit();
    await new Guest(server, "127.0.0.2").take();
    return id;
  }

  it("is masked in a result, and the record says so", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const id = await giveTask(server);
    await guest.post(`a ${server.token}${server.token} b`);
    assert.deepEqual(await resultOf(server, id), { text: `a ${mask}${mask} b`, masked: true });
    const clean = await giveTask(server);
    await guest.post("sk-ant-oat01-another");
    assert.deepEqual(await resultOf(server, clean), { text: "sk-ant-oat01-another", masked: false });
  });

  it("is masked where it is cut by chunks, and in a result that is kept in a file", async () => {
    const server = await servers.start();
    const id = await giveTask(server);
    const { token } = server;
    const filler = "f".repeat(40_000);
    const connection = await RawConnection.open(server, "127.0.0.2");
    connection.send("POST /result HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const piece of [
      filler,
      token.slice(0, 9),
      token.slice(9),
      filler,
      token.slice(0, 30),
      token.slice(30),
    ]) {
      connection.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    }
    connection.send("0\r\n\r\n");
    assert.equal((await connection.read()).status, 200);
    const { text, masked } = await resultOf(server, id);
    assert.equal(text, `${filler}${mask}${filler}${mask}`);
    assert.ok(masked);
    connection.close();
  });

  it("is swapped in the running server: the next task carries the new one, and both are masked", async () => {
    const server = await servers.start();
    const id = await giveTask(server);
    const old = server.token;
    const token = makeToken();
    await server.deploy({ token });
    const guest = new Guest(server, "127.0.0.2");
    await guest.post(`${old} ${token}`);
    assert.deepEqual(await resultOf(server, id), { text: `${mask} ${mask}`, masked: true });
    await server.submit();
    assert.equal((await guest.take()).token, token);
  });

  it("counts the same result as the same, masked or not", async () => {
    const server = await servers.start();
    const id = await giveTask(server);
    const guest = new Guest(server, "127.0.0.2");
    assert.equal((await guest.post(`t ${server.token}`, id)).status, 200);
    assert.equal((await guest.post(`t ${server.token}`, id)).status, 200);
    assert.equal((await guest.post(`t ${mask}`, id)).status, 409);
  });

  it("is in no file, no argument, no environment and no log, whatever went wrong", async () => {
    const server = await servers.start();
    const tokens = [server.token];
    await giveTask(server);
    const guest = new Guest(server, "127.0.0.2");
    await guest.post(`${server.token} ${"x".repeat(50_000)}`);
    tokens.push(makeToken());
    await server.deploy({ token: tokens[1] ?? "" });
    await giveTask(server);
    await guest.post(`not yours: ${tokens.join(" ")}`, "unknown");
    const { pid, workerPid } = await server.status();
    process.kill(workerPid, "SIGKILL");
    await server.deploy();
    const texts = [readShown(pid), ...server.host.commands.map((argv) => argv.join(" "))];
    for (const path of listFiles(server.folder)) texts.push(readFileSync(path, "latin1"));
    assert.ok(texts.length > 5);
    for (const text of texts) for (const token of tokens) assert.ok(!text.includes(token));
    await server.stop();
    for (const path of listFiles(server.folder)) {
      for (const token of tokens) assert.ok(!readFileSync(path, "latin1").includes(token), path);
    }
  });
});

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
