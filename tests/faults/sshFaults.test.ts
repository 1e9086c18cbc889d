import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startCuttingProxy } from "../support/faults/cuttingProxy";
import { makeResult } from "../support/faults/makeResult";
import { StackOfOne, type RunOutcome } from "../support/faults/stackOfOne";
import { WorkingGuest } from "../support/faults/workingGuest";
import type { Sshd, SshdOptions } from "../support/sshd";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";
import { temporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";

/** What sshd may be told that makes a difference to us. */
const settings: Readonly<Record<string, SshdOptions>> = {
  "as it is installed": {},
  "with AllowStreamLocalForwarding no": { configLines: ["AllowStreamLocalForwarding no"] },
  "with MaxSessions 1": { configLines: ["MaxSessions 1"] },
  "with both": { configLines: ["AllowStreamLocalForwarding no", "MaxSessions 1"] },
};

/** What may happen to the connection of a run that waits; each leaves a host that can be reached again. */
const faults: Readonly<Record<string, (sshd: Sshd) => void | Promise<void>>> = {
  "is cut": (sshd) => {
    sshd.dropConnections();
  },
  "ends with an sshd that is restarted": (sshd) => sshd.restart(),
};

describe("An SSH connection over which a run waits", () => {
  const servers = useTaskServers();
  const { startExtra } = useSshd();
  const guests: WorkingGuest[] = [];
  afterEach(async () => {
    await Promise.all(guests.splice(0).map((guest) => guest.stop()));
  });

  function startGuest(server: TaskServer): WorkingGuest {
    const guest = new WorkingGuest(server, "127.0.0.2", (id, run) => makeResult(id, run, 500));
    guests.push(guest);
    guest.start();
    return guest;
  }

  async function untilQueued(server: TaskServer, count = 1): Promise<void> {
    await waitFor(`${count} tasks are queued`, async () =>
      (await server.status()).queued === count ? true : undefined,
    );
  }

  function assertDone({ state, error }: RunOutcome, guest: WorkingGuest): void {
    assert.equal(error?.message, undefined);
    assert.equal(state?.status, "done");
    assert.equal(state.result, makeResult(state.taskId, 1, 500).toString());
    assert.equal(guest.runs.get(state.taskId), 1);
  }

  for (const [how, options] of Object.entries(settings)) {
    for (const [what, happen] of Object.entries(faults)) {
      it(`${what}, sshd ${how}: it is dialed again, and the run has its result`, async () => {
        const sshd = await startExtra(options);
        const server = await servers.start();
        const running = new StackOfOne(server, sshd.connection()).upRun();
        await untilQueued(server);
        await waitFor("it waits", () => (sshd.countSessions() > 0 ? true : undefined));
        await happen(sshd);
        const guest = startGuest(server);
        assertDone(await running, guest);
      });
    }

    it(`carries three runs at once, sshd ${how}`, async () => {
      const sshd = await startExtra(options);
      const server = await servers.start();
      const guest = startGuest(server);
      const stacks = [1, 2, 3].map(() => new StackOfOne(server, sshd.connection()));
      for (const run of await Promise.all(stacks.map((stack) => stack.upRun()))) assertDone(run, guest);
      assert.equal(sshd.countSessions(), 1);
    });
  }

  it("is used in turns where sshd allows one command at a time and forwards no sockets", async () => {
    const sshd = await startExtra(settings["with both"]);
    const server = await servers.start();
    const stacks = [1, 2].map(() => new StackOfOne(server, sshd.connection()));
    const running = Promise.all(stacks.map((stack) => stack.upRun()));
    await untilQueued(server);
    const since = performance.now();
    // Longer than a refused channel is asked for again.
    await waitFor("the other one waits", () => (performance.now() - since > 1500 ? true : undefined));
    const guest = startGuest(server);
    for (const run of await running) assertDone(run, guest);
  });

  it("is refused for a while by a host that comes back inside the run's time", async () => {
    const sshd = await startExtra();
    const server = await servers.start();
    const running = new StackOfOne(server, sshd.connection()).upRun();
    await untilQueued(server);
    await sshd.halt();
    const guest = startGuest(server);
    await waitFor("the result is there", async () =>
      (await server.status()).uncollected.length === 1 ? true : undefined,
    );
    await sshd.restart();
    assertDone(await running, guest);
  });

  it("to a host that does not come back ends with the run's time, and the next up has the result", async function () {
    this.timeout(40_000);
    const sshd = await startExtra();
    const server = await servers.start();
    const stack = new StackOfOne(server, sshd.connection(), { run: { timeoutSeconds: 10 } });
    const startedAt = performance.now();
    const running = stack.upRun();
    await untilQueued(server);
    await sshd.halt();
    const { state, error } = await running;
    const tookMs = performance.now() - startedAt;
    assert.ok(error !== undefined && tookMs < 15_000, `it took ${tookMs} ms`);
    assert.equal(state?.status, "queued");
    const guest = startGuest(server);
    await sshd.restart();
    assertDone(await stack.upRun(), guest);
  });

  it("is cut in the middle of a long result, which is read again from its beginning", async () => {
    const sshd = await startExtra();
    const proxy = await startCuttingProxy(sshd.port);
    const folder = await temporaryFolder();
    const resultPath = join(folder.path, "result");
    try {
      const server = await servers.start({ limits: { maxResultBytes: 5_000_000, resultRetentionHours: 1 } });
      const connection = { ...sshd.connection(), port: proxy.port };
      const running = new StackOfOne(server, connection, { run: { resultPath } }).upRun();
      await untilQueued(server);
      proxy.cutAfterAnswerBytes = 2_000_000;
      const guest = new WorkingGuest(server, "127.0.0.2", (id, run) => makeResult(id, run, 4_000_000));
      guests.push(guest);
      guest.start();
      await waitFor("it is cut", () => (sshd.countConnections() > 1 ? true : undefined));
      proxy.cutAfterAnswerBytes = undefined;
      const { state, error } = await running;
      assert.equal(error?.message, undefined);
      assert.ok(readFileSync(resultPath).equals(makeResult(state?.taskId ?? "", 1, 4_000_000)));
      assert.deepEqual(readdirSync(folder.path), ["result"]);
      assert.deepEqual([...guest.runs.values()], [1]);
    } finally {
      await proxy.stop();
      await folder.remove();
    }
  });

  it("whose other side has frozen is given up in bounded time, and dialed again", async function () {
    this.timeout(60_000);
    const sshd = await startExtra();
    const server = await servers.start();
    const running = new StackOfOne(server, sshd.connection()).upRun();
    await untilQueued(server);
    sshd.freezeConnections();
    const frozenAt = performance.now();
    const guest = startGuest(server);
    assertDone(await running, guest);
    const tookMs = performance.now() - frozenAt;
    assert.ok(tookMs < 20_000, `it took ${tookMs} ms`);
    assert.equal(sshd.countConnections(), 2);
  });
});
