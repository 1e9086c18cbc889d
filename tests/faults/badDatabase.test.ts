import assert from "node:assert/strict";
import { closeSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { catchError } from "../support/catchError";
import { databasePath, fingerprint, listSetAside, runSql } from "../support/faults/databaseFile";
import { killNow } from "../support/faults/killNow";
import { StackOfOne } from "../support/faults/stackOfOne";
import { WorkingGuest } from "../support/faults/workingGuest";
import { otherVersionArchive } from "../support/taskServer/archive";
import { isRunning } from "../support/taskServer/processFacts";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";
import { useSshd } from "../support/useSshd";

const pageBytes = 4096;

/** What may lie in the place of the queue's database. */
const badFiles: Readonly<Record<string, (path: string) => void>> = {
  "that is no database": (path) => {
    writeFileSync(path, "what somebody wrote there\n".repeat(1000));
  },
  "that was cut off": (path) => {
    truncateSync(path, 4096);
  },
  "with a damaged page": (path) => {
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(pageBytes, "x"), 0, pageBytes, pageBytes);
    closeSync(file);
  },
  "of another program": (path) => {
    rmSync(path);
    runSql(path, "CREATE TABLE notes (text TEXT)");
  },
};

describe("A database that the task server cannot use", () => {
  const servers = useTaskServers();
  const sshd = useSshd();

  /** A server that has worked, and was killed together with its supervisor. */
  async function startAndKill(): Promise<TaskServer> {
    const server = await servers.start();
    await server.submit();
    await killBoth(server);
    return server;
  }

  async function killBoth(server: TaskServer): Promise<void> {
    const { pid, workerPid } = await server.status();
    killNow([pid, workerPid]);
    await waitFor("both are gone", () => (isRunning(pid) || isRunning(workerPid) ? undefined : true));
    // So that the file holds all that was stored.
    runSql(databasePath(server), "SELECT 1");
  }

  for (const [what, spoil] of Object.entries(badFiles)) {
    it(`${what} is moved aside as it is and named, and the next up starts with an empty queue`, async () => {
      const server = await startAndKill();
      spoil(databasePath(server));
      const before = fingerprint(databasePath(server));
      const stack = new StackOfOne(server, sshd.main().connection());
      const error = await catchError(stack.upServer());
      const [moved = ""] = listSetAside(server);
      assert.ok(error.message.includes(`It was moved to ${moved}`), error.message);
      assert.equal(fingerprint(moved), before);
      assert.equal((await stack.upServer()).status, "running");
      assert.equal((await server.status()).queued, 0);
      assert.equal(fingerprint(moved), before);
    });
  }

  it("is found by the worker that starts after a crash; the next up moves it aside and the one after works", async () => {
    const server = await servers.start();
    const stack = new StackOfOne(server, sshd.main().connection());
    const { workerPid } = await server.status();
    writeFileSync(databasePath(server), "what somebody wrote there\n".repeat(1000));
    for (const suffix of ["-wal", "-shm"]) rmSync(`${databasePath(server)}${suffix}`, { force: true });
    killNow([workerPid]);
    await waitFor("the log says so", () => (server.log().includes("cannot be used") ? true : undefined));
    assert.notEqual((await stack.readServer()).status, "running");
    const error = await catchError(stack.upServer());
    assert.match(error.message, /queue\.db cannot be used: .* It was moved to/);
    assert.equal(listSetAside(server).length, 1);
    assert.equal((await stack.upServer()).status, "running");
  });

  it("does not keep its runs from being destroyed", async () => {
    const server = await startAndKill();
    const stack = new StackOfOne(server, sshd.main().connection());
    await stack.upServer();
    const guest = new WorkingGuest(server, "127.0.0.2", () => Buffer.from("r"));
    guest.start();
    await stack.upRun();
    await guest.stop();
    await killBoth(server);
    writeFileSync(databasePath(server), "what somebody wrote there\n");
    await stack.destroyRun();
  });

  it("of a newer schema is refused by both versions' numbers, and stays as it is, with the program beside it", async () => {
    const server = await startAndKill();
    runSql(databasePath(server), "PRAGMA user_version = 999");
    const files = [databasePath(server), join(server.folder, "task_server.pyz")];
    const before = files.map(fingerprint);
    const stack = new StackOfOne(server, sshd.main().connection());
    for (const attempt of [() => stack.upServer(), () => server.deploy({ archive: otherVersionArchive() })]) {
      const error = await catchError(attempt());
      assert.match(error.message, /has schema 999, this task server knows \d+/);
      assert.match(error.message, /Use the newer version of pulumi-fc-agents/);
    }
    assert.deepEqual(files.map(fingerprint), before);
    assert.deepEqual(listSetAside(server), []);
  });

  it("of a newer schema does not cost a server that runs on it its process", async () => {
    const server = await servers.start();
    const { pid } = await server.status();
    runSql(databasePath(server), "PRAGMA user_version = 999");
    const error = await catchError(server.deploy({ archive: otherVersionArchive() }));
    assert.match(error.message, /has schema 999/);
    assert.equal((await server.status()).pid, pid);
  });
});
