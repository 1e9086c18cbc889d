import assert from "node:assert/strict";
import { NetnsGuest } from "../support/faults/netnsGuest";
import { deleteLink, makeLink, remakeNamespace } from "../support/faults/remakeNetwork";
import { StackOfOne } from "../support/faults/stackOfOne";
import { findNamespaceObstacle, makeNamespace, type Namespace } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import type { TaskServer } from "../support/taskServer/taskServer";
import { useTaskServers } from "../support/taskServer/useTaskServers";
import { waitFor } from "../support/taskServer/waitFor";
import { useSshd } from "../support/useSshd";

describe("A task server whose network is deleted and made anew while it runs", () => {
  const servers = useTaskServers();
  const sshd = useSshd();
  let namespace: Namespace;
  let server: TaskServer;
  let guest: NetnsGuest;

  beforeEach(async function () {
    skipBecause(this, findNamespaceObstacle());
    namespace = await makeNamespace();
    server = await servers.start({
      identity: { netns: namespace.name, tapIp: namespace.tapIp, tapPort: 8080 },
    });
    guest = new NetnsGuest(namespace.guestName, server.identity);
  });
  afterEach(async () => {
    await namespace.remove();
  });

  async function untilDeaf(reason: RegExp): Promise<void> {
    const error = await waitFor("it says that it does not listen", async () => {
      const { listening, listenError } = await server.status();
      return listening ? undefined : listenError;
    });
    assert.match(error, reason);
  }

  for (const [what, destroy, reason] of [
    ["TAP device", deleteLink, /no network device in the namespace \S+ has the address 172\.16\.0\.1/],
    ["namespace", remakeNamespace, /no network device in the namespace|no network namespace/],
  ] as const) {
    it(`notices that its ${what} is gone, listens on the new one, and says both`, async () => {
      const stack = new StackOfOne(server, sshd.main().connection());
      const { pid, rebinds } = await server.status();
      // Held through the device that goes.
      const held = guest.poll();
      await waitFor("the guest waits", async () =>
        (await server.status()).connections === 1 ? true : undefined,
      );
      await destroy(namespace);
      await untilDeaf(reason);
      assert.equal((await stack.readServer()).status, "deaf");
      const { id } = await server.submit();
      await makeLink(namespace);
      const after = await waitFor("it listens again", async () => {
        const status = await server.status();
        return status.listening ? status : undefined;
      });
      assert.deepEqual([after.pid, after.rebinds], [pid, rebinds + 1]);
      assert.equal((await stack.readServer()).status, "running");
      await held.vanish();
      assert.equal(await guest.take(), id);
      assert.equal(await guest.post(id, "r"), 200);
      const { state, attempts } = await server.record(id);
      assert.deepEqual([state, attempts], ["done", 1]);
    });
  }

  it("goes on listening when a device comes and goes that is none of its own", async () => {
    await namespace.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1");
    await namespace.ip("link", "delete", "other0");
    const { id } = await server.submit();
    assert.equal(await guest.take(), id);
    const { rebinds, listening } = await server.status();
    assert.deepEqual([rebinds, listening], [0, true]);
  });
});
