import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { databasePath, runSql } from "../support/faults/databaseFile";
import { killNow } from "../support/faults/killNow";
import { StackOfOne } from "../support/faults/stackOfOne";
import { Guest } from "../support/taskServer/guest";
import { isRunning } from "../support/taskServer/processFacts";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";
import { useSshd } from "../support/useSshd";

const otherBootId = "11111111-2222-4333-8444-555555555555";

describe("A task server whose host was rebooted", () => {
  const servers = useTaskServers();
  const sshd = useSshd();
  let foreign: ChildProcess;

  beforeEach(async () => {
    foreign = spawn("sleep", ["600"], { stdio: "ignore" });
    await once(foreign, "spawn");
  });
  afterEach(() => {
    foreign.kill("SIGKILL");
  });

  /** Ends both processes, and leaves the sidecar as a reboot does: with a pid that is another process's by now. */
  async function reboot(server: TaskServer, change: Readonly<Record<string, unknown>>): Promise<void> {
    const { pid, workerPid } = await server.status();
    killNow([pid, workerPid]);
    await waitFor("both are gone", () => (isRunning(pid) || isRunning(workerPid) ? undefined : true));
    const sidecar = join(server.folder, "server.pid");
    const before = JSON.parse(readFileSync(sidecar, "utf8")) as object;
    writeFileSync(sidecar, JSON.stringify({ ...before, pid: foreign.pid, ...change }));
    runSql(databasePath(server), `UPDATE tasks SET claimed_monotonic = '${otherBootId} 5.0'`);
  }

  function startTimeOfForeign(): number {
    const stat = readFileSync(`/proc/${foreign.pid ?? 0}/stat`, "utf8");
    return Number(stat.replace(/^.*\) /s, "").split(" ")[19]);
  }

  for (const [what, makeChange] of [
    [
      "of another boot that has even the same start time",
      () => ({ startTime: startTimeOfForeign(), bootId: otherBootId }),
    ],
    ["of this boot with another start time", () => ({ startTime: startTimeOfForeign() - 1 })],
  ] as const) {
    it(`never signals a process ${what}, neither at a refresh, an up nor a destroy`, async () => {
      const server = await servers.start();
      const stack = new StackOfOne(server, sshd.main().connection());
      await reboot(server, makeChange());
      assert.equal((await stack.readServer()).status, "stopped");
      await stack.upServer();
      await reboot(server, makeChange());
      await server.stop({ remove: true });
      assert.equal(isRunning(foreign.pid ?? 0), true);
    });
  }

  it("has its queue and results again after the next up", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const done = await server.submit();
    await guest.take();
    await guest.post("before", done.id);
    const queued = await server.submit();
    await reboot(server, { bootId: otherBootId });
    await new StackOfOne(server, sshd.main().connection()).upServer();
    const outcome = await server.wait(done.id);
    assert.ok(outcome.isFinal);
    assert.equal(outcome.head.toString(), "before");
    assert.equal((await guest.take()).id, queued.id);
  });

  it("fails the task of a guest that asks again, as it may have run before the reboot, and says so", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const { id } = await server.submit();
    await guest.take();
    // The reboot came before the delivery was confirmed.
    await reboot(server, { bootId: otherBootId });
    runSql(databasePath(server), "UPDATE tasks SET delivered = 0");
    await server.deploy();
    const poll = guest.poll();
    const outcome = await server.wait(id);
    poll.vanish();
    assert.deepEqual([outcome.record.state, outcome.record.attempts], ["failed", 1]);
    assert.match(outcome.record.reason ?? "", /lost it/);
  });

  it("measures a task that went on over the reboot by the wall clock", async () => {
    const server = await servers.start();
    const guest = new Guest(server, "127.0.0.2");
    const { id } = await server.submit();
    await guest.take();
    await reboot(server, { bootId: otherBootId });
    runSql(databasePath(server), "UPDATE tasks SET claimed_at = claimed_at - 100");
    await server.deploy();
    assert.equal((await guest.post("r", id)).status, 200);
    const { durationMs = 0 } = await server.record(id);
    assert.ok(durationMs > 100_000 && durationMs < 130_000, `${durationMs} ms`);
  });
});
