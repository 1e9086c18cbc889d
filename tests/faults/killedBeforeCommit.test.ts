import assert from "node:assert/strict";
import { arm, killableArchive } from "../support/faults/killSteps";
import { Guest } from "../support/taskServer/guest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

describe("A task server that is killed while a commit is under way", () => {
  const servers = useTaskServers();
  const archive = killableArchive();

  /** The next commit is held, and never comes to its end. */
  function holdNextCommit(server: TaskServer): void {
    arm(server, { point: "before-commit", holdSeconds: "0.3" }, "worker");
  }

  async function untilBack(server: TaskServer): Promise<void> {
    await waitFor("another worker answers", () => server.status().catch(() => undefined));
  }

  it("has told no owner that its task is queued", async () => {
    const server = await servers.start({ archive });
    holdNextCommit(server);
    await assert.rejects(server.submit());
    await untilBack(server);
    assert.equal((await server.status()).queued, 0);
  });

  it("has given no guest a task whose claim is not stored", async () => {
    const server = await servers.start({ archive });
    const { id } = await server.submit();
    holdNextCommit(server);
    await assert.rejects(new Guest(server, "127.0.0.2").take());
    await untilBack(server);
    assert.equal((await new Guest(server, "127.0.0.3").take()).id, id);
  });

  it("has told no guest that its result is stored", async () => {
    const server = await servers.start({ archive });
    const guest = new Guest(server, "127.0.0.2");
    const { id } = await server.submit();
    await guest.take();
    await waitFor("the delivery is stored", async () =>
      (await server.status()).connections === 0 ? true : undefined,
    );
    holdNextCommit(server);
    await assert.rejects(guest.post("r", id));
    await untilBack(server);
    assert.equal((await server.record(id)).state, "claimed");
    assert.equal((await guest.post("r", id)).status, 200);
  });
});
