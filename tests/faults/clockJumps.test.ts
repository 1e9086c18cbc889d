import assert from "node:assert/strict";
import { databasePath, querySql } from "../support/faults/databaseFile";
import { settableClockArchive, setClock } from "../support/faults/shiftedClock";
import { Guest } from "../support/taskServer/guest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

const daySeconds = 86_400;
const limits = { maxResultBytes: 1000, resultRetentionHours: 1 };

describe("A task server whose host's clock jumps by a day", () => {
  const servers = useTaskServers();
  const archive = settableClockArchive({ "worker.PURGE_SECONDS": "0.05" });

  function uptimeSeconds(server: TaskServer): number {
    return Number(querySql(databasePath(server), "SELECT value FROM meta WHERE key = 'uptime_seconds'"));
  }

  for (const [where, seconds] of [
    ["forwards", daySeconds],
    ["backwards", -daySeconds],
  ] as const) {
    it(`${where}: a task that is under way is none the longer, and its result is kept`, async () => {
      const server = await servers.start({ archive, limits });
      const guest = new Guest(server, "127.0.0.2");
      const { id } = await server.submit();
      await guest.take();
      setClock(server, seconds);
      assert.equal((await guest.post("r", id)).status, 200);
      const { durationMs, state } = await server.record(id);
      assert.equal(state, "done");
      assert.ok(durationMs !== undefined && durationMs >= 0 && durationMs < 10_000, `${durationMs} ms`);
    });

    it(`${where}: retention counts the hours that have really passed`, async () => {
      const server = await servers.start({ archive, limits });
      const guest = new Guest(server, "127.0.0.2");
      const { id } = await server.submit();
      await guest.take();
      await guest.post("r", id);
      setClock(server, seconds);
      const before = uptimeSeconds(server);
      const after = await waitFor("old results are looked for a few times", () => {
        const uptime = uptimeSeconds(server);
        return uptime > before + 0.2 ? uptime : undefined;
      });
      assert.ok(after < 60, `it counts ${after} s`);
      assert.equal((await server.record(id)).state, "done");
    });

    it(`${where}: waits end when they should, and tasks keep their order`, async () => {
      const server = await servers.start({ archive, limits });
      const poll = new Guest(server, "127.0.0.2").poll();
      const first = await server.submit({ owner: "one" });
      assert.equal((await poll.answer).status, 200);
      const started = performance.now();
      const waiting = server.wait(first.id, 700);
      setClock(server, seconds);
      assert.equal((await waiting).isFinal, false);
      const waitedMs = performance.now() - started;
      assert.ok(waitedMs > 500 && waitedMs < 5000, `it waited ${waitedMs} ms`);
      const ids = [(await server.submit()).id, (await server.submit()).id];
      setClock(server, 0);
      ids.push((await server.submit()).id);
      const taken = [];
      for (const number of [3, 4, 5]) taken.push((await new Guest(server, `127.0.0.${number}`).take()).id);
      assert.deepEqual(taken, ids);
    });

    it(`${where}: guests are told the time of now`, async () => {
      const server = await servers.start({ archive, limits });
      const guest = new Guest(server, "127.0.0.2");
      await guest.get("/healthz");
      setClock(server, seconds);
      const { headers } = await guest.get("/healthz");
      const offMs = Date.parse(headers.date ?? "") - (Date.now() + seconds * 1000);
      assert.ok(Math.abs(offMs) < 3000, `${headers.date ?? "no date"} is off by ${offMs} ms`);
    });
  }
});
