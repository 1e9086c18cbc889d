import assert from "node:assert/strict";
import { buildArchive, readSources, type ServerArchive } from "../../provider/taskServer/serverArchive";
import { catchError } from "../support/catchError";
import { databasePath, querySql } from "../support/faults/databaseFile";
import { Guest } from "../support/taskServer/guest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";

const databaseModule = "task_server/database.py";

/** A later version of the package, whose database has a column more. */
function laterArchive(migration: string): ServerArchive {
  const sources = readSources();
  const now = Buffer.from(sources[databaseModule] ?? []).toString("utf8");
  const version = Number(/^SCHEMA_VERSION = (\d+)$/m.exec(now)?.[1]);
  const later = now.replace(/^SCHEMA_VERSION = .*$/m, `SCHEMA_VERSION = ${version + 1}`);
  const added = `${later}\n\nMIGRATIONS[${version}] = ${JSON.stringify(migration)}\n`;
  return buildArchive({ ...sources, [databaseModule]: Buffer.from(added) });
}

describe("The version of the task server's database", () => {
  const servers = useTaskServers();

  /** Of a server with a result and a queued task. */
  async function startWithTasks(): Promise<{ server: TaskServer; done: string; queued: string }> {
    const server = await servers.start();
    const done = await server.submit();
    const guest = new Guest(server, "127.0.0.2");
    await guest.take();
    await guest.post("kept", done.id);
    const queued = await server.submit();
    await server.stop();
    return { server, done: done.id, queued: queued.id };
  }

  function readVersion(server: TaskServer): number {
    return Number(querySql(databasePath(server), "PRAGMA user_version"));
  }

  it("is raised by a later version of the package, with all that is in it", async () => {
    const { server, done, queued } = await startWithTasks();
    const before = readVersion(server);
    await server.deploy({ archive: laterArchive("ALTER TABLE tasks ADD COLUMN note TEXT DEFAULT 'new';") });
    assert.equal(readVersion(server), before + 1);
    assert.equal(querySql(databasePath(server), "SELECT note FROM tasks"), "new");
    const outcome = await server.wait(done);
    assert.ok(outcome.isFinal);
    assert.equal(outcome.head.toString(), "kept");
    assert.equal((await new Guest(server, "127.0.0.2").take()).id, queued);
  });

  it("stays when raising it fails half-way, and the version before goes on with it", async () => {
    const { server, done, queued } = await startWithTasks();
    const before = readVersion(server);
    const migration = "ALTER TABLE tasks ADD COLUMN note TEXT; ALTER TABLE elsewhere ADD COLUMN note TEXT;";
    const error = await catchError(server.deploy({ archive: laterArchive(migration) }));
    assert.match(error.message, /the database .*queue\.db cannot be opened: no such table: elsewhere/);
    assert.equal(readVersion(server), before);
    await server.deploy();
    assert.equal((await server.record(done)).state, "done");
    assert.equal((await new Guest(server, "127.0.0.2").take()).id, queued);
  });
});
