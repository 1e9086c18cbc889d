import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { Guest } from "../support/taskServer/guest";
import { isRunning, readStartTime } from "../support/taskServer/processFacts";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";

const sidecarSchema = z.object({ pid: z.number(), startTime: z.number(), bootId: z.string() });

describe("stopServer", () => {
  const servers = useTaskServers();
  const bystanders: ChildProcess[] = [];

  afterEach(() => {
    for (const bystander of bystanders.splice(0)) bystander.kill("SIGKILL");
  });

  async function startBystander(): Promise<number> {
    const bystander = spawn("sleep", ["60"], { stdio: "ignore" });
    bystanders.push(bystander);
    await once(bystander, "spawn");
    return bystander.pid ?? 0;
  }

  const sidecarOf = (server: TaskServer): string => join(server.folder, "server.pid");
  const readSidecar = (server: TaskServer): z.infer<typeof sidecarSchema> =>
    sidecarSchema.parse(JSON.parse(readFileSync(sidecarOf(server), "utf8")));

  it("ends both processes, and keeps the folder without sidecar and socket", async () => {
    const server = await servers.start();
    const { pid, workerPid } = await server.status();
    await server.stop();
    assert.ok(!isRunning(pid));
    assert.ok(!isRunning(workerPid));
    assert.ok(existsSync(join(server.folder, "queue.db")));
    assert.ok(!existsSync(sidecarOf(server)));
    assert.ok(!existsSync(join(server.folder, "control.sock")));
  });

  it("leaves nothing behind when it removes, and tells of results that nobody has collected", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const ids: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      ids.push((await server.submit()).id);
      await guest.take();
      await guest.post("r");
    }
    await server.control((client) => client.markCollected(ids[0] ?? ""));
    assert.deepEqual(await server.stop({ remove: true }), { uncollected: [ids[1]] });
    assert.ok(!existsSync(server.folder));
  });

  it("succeeds when the server is stopped already, gone with its folder, or was never there", async () => {
    const server = await servers.start();
    await server.stop();
    await server.stop();
    await server.stop({ remove: true });
    await server.stop({ remove: true });
    await servers.prepare().stop({ remove: true });
  });

  it("ends no other instance than its own", async () => {
    const server = await servers.start();
    const { pid } = await server.status();
    assert.deepEqual(await server.stop({ instanceId: "another", remove: true }), { uncollected: [] });
    assert.ok(isRunning(pid));
    assert.ok(existsSync(server.folder));
  });

  it("never signals a process that only has the pid of the sidecar", async () => {
    for (const [what, change] of [
      ["the start time", { startTime: 1 }],
      ["the boot id", { bootId: "00000000-0000-0000-0000-000000000000" }],
    ] as const) {
      const server = await servers.start();
      const { pid: supervisor } = await server.status();
      const real = readSidecar(server);
      const pid = await startBystander();
      // All but one of the three belongs to the bystander.
      const mixed = { ...real, pid, startTime: readStartTime(pid) };
      writeFileSync(sidecarOf(server), JSON.stringify({ ...mixed, ...change }));
      await server.stop();
      assert.ok(isRunning(pid), `${what} was not looked at`);
      process.kill(supervisor, "SIGTERM");
    }
  });

  it("is not led astray by a sidecar that was cut off", async () => {
    const server = await servers.start();
    const sidecar = readSidecar(server);
    writeFileSync(sidecarOf(server), '{"pid": ');
    await server.stop();
    process.kill(sidecar.pid, "SIGTERM");
  });
});
