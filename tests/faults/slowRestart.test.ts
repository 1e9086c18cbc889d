import assert from "node:assert/strict";
import { alteredArchive } from "../support/taskServer/archive";
import { killableArchive } from "../support/faults/killSteps";
import { makeResult } from "../support/faults/makeResult";
import { StackOfOne } from "../support/faults/stackOfOne";
import { WorkingGuest } from "../support/faults/workingGuest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";
import { useSshd } from "../support/useSshd";

describe("A task server whose worker takes its time to start again", () => {
  const servers = useTaskServers();
  const sshd = useSshd();
  // As after several crashes in a row.
  const archive = killableArchive({
    "supervisor.FIRST_PAUSE_SECONDS": "1.5",
    "supervisor.LONGEST_PAUSE_SECONDS": "1.5",
  });

  async function killWorker(server: TaskServer): Promise<void> {
    process.kill((await server.status()).workerPid, "SIGKILL");
    await waitFor("nobody answers", () =>
      server.status().then(
        () => undefined,
        () => true,
      ),
    );
  }

  async function untilAnswering(server: TaskServer): Promise<void> {
    await waitFor("it answers", () => server.status().catch(() => undefined));
  }

  async function untilQueued(server: TaskServer): Promise<void> {
    await waitFor("the run's task is queued", async () =>
      (await server.status()).queued === 1 ? true : undefined,
    );
  }

  it("keeps a run that waits waiting, and the run has its result in the end", async () => {
    const server = await servers.start({ archive });
    const stack = new StackOfOne(server, sshd.main().connection());
    const running = stack.upRun();
    await untilQueued(server);
    await killWorker(server);
    const guest = new WorkingGuest(server, "127.0.0.2", (id, run) => makeResult(id, run, 10));
    guest.start();
    try {
      const { state, error } = await running;
      assert.equal(error?.message, undefined);
      assert.deepEqual([...guest.runs.values()], [1]);
      assert.equal(state?.result, makeResult(state?.taskId ?? "", 1, 10).toString());
    } finally {
      await guest.stop();
    }
  });

  it("is waited for by a run that begins meanwhile", async () => {
    const server = await servers.start({ archive });
    await killWorker(server);
    const running = new StackOfOne(server, sshd.main().connection()).upRun();
    const guest = new WorkingGuest(server, "127.0.0.2", (id, run) => makeResult(id, run, 10));
    guest.start();
    try {
      assert.equal((await running).error, undefined);
    } finally {
      await guest.stop();
    }
  });

  it("pauses longer and longer when it crashes at once, and not at all when it had worked in between", async () => {
    const server = await servers.start({
      archive: alteredArchive({ constants: { "supervisor.STABLE_SECONDS": "2.0" } }),
    });
    for (let crash = 0; crash < 3; crash += 1) {
      await untilAnswering(server);
      await killWorker(server);
    }
    await untilAnswering(server);
    const since = performance.now();
    await waitFor("it has worked for a while", () => (performance.now() - since > 2100 ? true : undefined));
    await killWorker(server);
    await untilAnswering(server);
    const crashes = [...server.log().matchAll(/ after ([\d.]+) s; another one starts in ([\d.]+) s/g)];
    let pause = 0.05;
    for (const [, lived, paused] of crashes) {
      pause = Number(lived) >= 2 ? 0.05 : pause * 2;
      assert.equal(Number(paused), pause, `after ${lived ?? ""} s`);
    }
    assert.equal(crashes.length, 4);
    assert.equal(pause, 0.05, "after the last one it starts at once");
  });

  it("does not make its sshd look like one that forwards no sockets", async () => {
    const server = await servers.start({ archive });
    await killWorker(server);
    await server.control((client) => client.status());
    server.host.commands.splice(0);
    await server.control((client) => client.status());
    assert.deepEqual(server.host.commands, []);
  });
});
