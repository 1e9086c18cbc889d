import assert from "node:assert/strict";
import { TaskServerAbsentError } from "../../provider/errors/taskServerAbsentError";
import { RequestRefusedError } from "../../provider/taskServer/controlClient";
import { observeServer } from "../../provider/taskServer/withControl";
import { catchError } from "../support/catchError";
import { Guest } from "../support/taskServer/guest";
import { LocalHost } from "../support/taskServer/localHost";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";

describe("A task server that is stopped", () => {
  const servers = useTaskServers();

  /** A stopped server with a short and a long result and a task that is still queued. */
  async function prepareStopped(): Promise<{
    server: TaskServer;
    short: string;
    long: string;
    queued: string;
  }> {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const ids = [];
    for (const body of ["short", "long ".repeat(20_000)]) {
      ids.push((await server.submit()).id);
      await guest.take();
      await guest.post(body);
    }
    const queued = (await server.submit()).id;
    await server.stop();
    return { server, short: ids[0] ?? "", long: ids[1] ?? "", queued };
  }

  it("is seen as stopped, with its owner and instance; one that never was is absent", async () => {
    const { server } = await prepareStopped();
    const seen = await observeServer(server.host, server.identity, { timeoutMs: 5000 });
    assert.equal(seen.status, "stopped");
    assert.equal(seen.owner, server.owner);
    assert.equal(seen.instanceId, server.instanceId);
    const never = servers.prepare();
    const absent = await observeServer(never.host, never.identity, { timeoutMs: 5000 });
    assert.equal(absent.status, "absent");
    const error = await catchError(never.control((client) => client.status()));
    assert.ok(error instanceof TaskServerAbsentError);
  });

  it("can still be collected from: short and long results, parts of them, and all in one conversation", async () => {
    const { server, short, long } = await prepareStopped();
    await server.control(async (client) => {
      const first = await client.wait(short, { timeoutMs: 1000, inlineBytes: 100 });
      assert.ok(first.isFinal);
      assert.equal(first.head.toString(), "short");
      const second = await client.wait(long, { timeoutMs: 1000, inlineBytes: 10 });
      assert.ok(second.isFinal);
      assert.deepEqual([second.head.toString(), second.tail.toString()], ["long ", "long "]);
      const pieces: Buffer[] = [];
      await client.body(long, { offset: 5, length: 50_000 }, (piece) => void pieces.push(piece));
      assert.equal(Buffer.concat(pieces).toString(), "long ".repeat(10_000));
      await client.markCollected(short);
      const { uncollected, status } = await client.status();
      assert.deepEqual([uncollected, status], [[long], "stopped"]);
    });
  });

  it("refuses new tasks and waits that cannot end, and says why", async () => {
    const { server, queued } = await prepareStopped();
    for (const work of [() => server.submit(), () => server.wait(queued)]) {
      const error = await catchError(work());
      assert.ok(error instanceof RequestRefusedError, error.message);
      assert.equal(error.code, "server_stopped");
      assert.match(error.message, /the task server is stopped/);
    }
  });

  it("lets tasks be withdrawn and results be forgotten", async () => {
    const { server, short, queued } = await prepareStopped();
    await server.control(async (client) => {
      await client.cancel(queued);
      await client.forget(short);
    });
    assert.equal((await server.record(queued)).state, "cancelled");
    await server.deploy();
    assert.equal((await server.record(queued)).state, "cancelled");
    assert.match((await catchError(server.wait(short))).message, /there is no task/);
  });

  it("has all that it had when it is started again", async () => {
    const { server, short, long, queued } = await prepareStopped();
    const { uncollected } = await server.deploy();
    assert.deepEqual(uncollected, [short, long]);
    assert.equal((await new Guest(server, "127.0.0.2").take()).id, queued);
    const outcome = await server.wait(long);
    assert.ok(outcome.isFinal);
    assert.equal(outcome.head.toString(), "long ".repeat(20_000));
  });
});

describe("A task server whose socket cannot be forwarded", () => {
  const servers = useTaskServers();

  it("is spoken to through a process on the host, waits included", async () => {
    const server = await servers.start({ host: new LocalHost({ canForwardSockets: false }) });
    const { id } = await server.submit();
    const waiting = server.wait(id);
    const guest = new Guest(server, "127.0.0.2");
    await guest.take();
    await guest.post("x".repeat(300_000));
    const outcome = await waiting;
    assert.ok(outcome.isFinal);
    assert.equal(outcome.head.length, 300_000);
    assert.ok(server.host.commands.some((argv) => argv.at(-1) === "ctl"));
  });
});
