import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { catchError } from "../support/catchError";
import { StackOfOne } from "../support/faults/stackOfOne";
import { alteredArchive } from "../support/taskServer/archive";
import { Guest } from "../support/taskServer/guest";
import { isRunning } from "../support/taskServer/processFacts";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";
import { useSshd } from "../support/useSshd";

describe("A task server whose state folder is removed while it runs", () => {
  const servers = useTaskServers();
  const sshd = useSshd();

  async function removeFolder(server: TaskServer): Promise<number> {
    const { pid } = await server.status();
    rmSync(server.folder, { recursive: true });
    return pid;
  }

  async function untilEnded(pid: number): Promise<void> {
    await waitFor("it has ended by itself", () => (isRunning(pid) ? undefined : true));
  }

  it("ends by itself, is absent for a refresh, and is deployed anew by the next up", async () => {
    const server = await servers.start();
    const stack = new StackOfOne(server, sshd.main().connection());
    await untilEnded(await removeFolder(server));
    assert.equal((await stack.readServer()).status, "absent");
    assert.equal((await stack.upServer()).status, "running");
    const { id } = await server.submit();
    assert.equal((await new Guest(server, "127.0.0.2").take()).id, id);
  });

  it("tells neither a guest nor an owner that anything was stored meanwhile", async () => {
    // It looks after its folder only with each commit here.
    const archive = alteredArchive({ constants: { "guest_side.SWEEP_SECONDS": "3.0" } });
    const server = await servers.start({ archive });
    const { id } = await server.submit();
    const guest = new Guest(server, "127.0.0.2");
    await guest.take();
    await server.control(async (client) => {
      rmSync(server.folder, { recursive: true });
      const error = await catchError(client.submit(server.describeTask()));
      assert.match(error.message, /the task server's state folder was removed/);
      assert.equal((await guest.post("r", id)).status, 507);
    });
  });

  it("does not take the sidecar of the server that is deployed in its place along when it ends", async () => {
    // The new one waits for the port until the old one has ended.
    const archive = alteredArchive({ constants: { "listener.BIND_TRIES": "200" } });
    const server = await servers.start({ archive });
    const oldPid = await removeFolder(server);
    const { pid } = await server.deploy();
    await untilEnded(oldPid);
    assert.equal((await server.status()).pid, pid);
    await server.stop();
    assert.equal(isRunning(pid ?? 0), false, "it can be found, and is stopped");
  });
});
