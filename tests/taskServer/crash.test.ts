import assert from "node:assert/strict";
import { Guest } from "../support/taskServer/guest";
import { isRunning } from "../support/taskServer/processFacts";
import { makeToken, type RunningStatus, type TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

describe("A task server that crashes", () => {
  const servers = useTaskServers();

  /** Kills the worker, and waits until another one listens. */
  async function crashWorker(server: TaskServer): Promise<RunningStatus> {
    const { workerPid } = await server.status();
    process.kill(workerPid, "SIGKILL");
    return waitFor("another worker listens", async () => {
      const status = await server.status().catch(() => undefined);
      return status !== undefined && status.workerPid !== workerPid && status.listening ? status : undefined;
    });
  }

  it("has another worker soon, under the same supervisor, with queue, results and token", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const done = await server.submit();
    await guest.take();
    await guest.post("before the crash", done.id);
    const queued = await server.submit();
    const before = await server.status();
    const after = await crashWorker(server);
    assert.equal(after.pid, before.pid);
    assert.equal(after.queued, 1);
    const outcome = await server.wait(done.id);
    assert.ok(outcome.isFinal);
    assert.equal(outcome.head.toString(), "before the crash");
    const task = await guest.take();
    assert.deepEqual([task.id, task.token], [queued.id, server.token]);
  });

  it("hands out the token that was swapped before the crash, and masks the one before", async () => {
    const server = await servers.start();
    const old = server.token;
    await server.control((client) => client.configure({ token: makeToken() }));
    const token = makeToken();
    await server.control((client) => client.configure({ token }));
    await crashWorker(server);
    const { id } = await server.submit();
    const guest = new Guest(server, "127.0.0.2");
    assert.equal((await guest.take()).token, token);
    await guest.post(`old ${old}, new ${token}`);
    const outcome = await server.wait(id);
    assert.ok(outcome.isFinal);
    assert.doesNotMatch(outcome.head.toString(), /sk-ant/);
  });

  it("takes the result of a task that was claimed before the crash", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const { id } = await server.submit();
    await guest.take();
    await crashWorker(server);
    assert.equal((await guest.post("after the crash")).status, 200);
    assert.equal((await server.record(id)).state, "done");
  });

  it("keeps limits and owner that were changed at run time", async () => {
    const server = await servers.start();
    await server.control((client) =>
      client.configure({ owner: "somebody", limits: { maxResultBytes: 4, resultRetentionHours: 2 } }),
    );
    await crashWorker(server);
    await server.submit();
    const guest = new Guest(server, "127.0.0.2");
    await guest.take();
    assert.equal((await guest.post("five!")).status, 413);
    assert.equal((await server.control((client) => client.status())).owner, "somebody");
  });

  it("is the same server still for a deploy that comes while its worker is down", async () => {
    const server = await servers.start();
    const { pid, workerPid } = await server.status();
    process.kill(workerPid, "SIGKILL");
    assert.equal((await server.deploy()).pid, pid);
  });

  it("says in its log that the worker ended, and how", async () => {
    const server = await servers.start();
    await crashWorker(server);
    assert.match(server.log(), /the worker ended \(signal 9\)/);
  });

  it("ends its worker too when the supervisor is killed, and a new deploy has all that it had", async () => {
    const server = await servers.start();
    const { id } = await server.submit();
    const { pid, workerPid } = await server.status();
    process.kill(pid, "SIGKILL");
    await waitFor("the worker has ended", () => (isRunning(workerPid) ? undefined : true));
    const again = await server.deploy();
    assert.notEqual(again.pid, pid);
    assert.equal((await server.record(id)).state, "queued");
    const task = await new Guest(server, "127.0.0.2").take();
    assert.equal(task.id, id);
  });

  it("is deployed again at once after the supervisor was killed, without waiting for the worker", async () => {
    const server = await servers.start();
    const { pid } = await server.status();
    process.kill(pid, "SIGKILL");
    const again = await server.deploy();
    assert.equal(again.listening, true);
  });
});
