import assert from "node:assert/strict";
import { NetnsGuest, type HeldRequest } from "../support/faults/netnsGuest";
import { moveGuest } from "../support/faults/remakeNetwork";
import { findNamespaceObstacle, makeNamespace, type Namespace } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { alteredArchive } from "../support/taskServer/archive";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";

describe("A guest that is restored from a snapshot and whose connection is stale", () => {
  const servers = useTaskServers();
  // Ten times as fast as in use.
  const archive = alteredArchive({ constants: { "guest_connection.DELIVERY_SECONDS": "2.0" } });
  const spaces: Namespace[] = [];
  let held: HeldRequest | undefined;
  let server: TaskServer;
  let restored: NetnsGuest;
  let moveAway: () => Promise<void>;

  beforeEach(async function () {
    skipBecause(this, findNamespaceObstacle());
    const namespace = await makeNamespace();
    spaces.push(namespace);
    const other = await makeNamespace();
    spaces.push(other);
    const { name, tapIp, guestName } = namespace;
    server = await servers.start({ archive, identity: { netns: name, tapIp, tapPort: 8080 } });
    held = new NetnsGuest(guestName, server.identity).poll();
    await waitFor("the guest waits", async () =>
      (await server.status()).connections === 1 ? true : undefined,
    );
    restored = new NetnsGuest(other.guestName, server.identity);
    moveAway = () => moveGuest(namespace, other);
  });
  afterEach(async () => {
    await held?.vanish();
    await Promise.all(spaces.splice(0).map((namespace) => namespace.remove()));
  });

  it("gets the task that was sent into its old connection, once, as soon as it asks", async () => {
    await moveAway();
    const { id } = await server.submit();
    assert.equal(await restored.take(), id);
    assert.equal(await restored.post(id, "r"), 200);
    const { state, attempts } = await server.record(id);
    assert.deepEqual([state, attempts], ["done", 1]);
  });

  it("is served on its new connection while the old one seems to wait too", async () => {
    await moveAway();
    const polling = restored.poll();
    await waitFor("both seem to wait", async () =>
      (await server.status()).connections === 2 ? true : undefined,
    );
    const { id } = await server.submit();
    const [answer, record] = [await polling.answer, await server.record(id)];
    assert.ok(answer.includes(id), answer);
    assert.deepEqual([record.state, record.attempts], ["claimed", 1]);
  });

  it("leaves its task in the queue when it never comes back", async () => {
    await spaces[0]?.ip("link", "set", "tap0", "down");
    const { id } = await server.submit();
    const record = await waitFor("it is back in the queue", async () => {
      const seen = await server.record(id);
      return seen.state === "queued" && seen.guest !== undefined ? seen : undefined;
    });
    assert.equal(record.attempts, 0);
  });
});
