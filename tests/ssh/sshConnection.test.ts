import assert from "node:assert/strict";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { ConnectionLostError } from "../../provider/errors/connectionLostError";
import type { Host } from "../../provider/ssh/host";
import { withHost } from "../../provider/ssh/hostPool";
import { useSshd } from "../support/useSshd";

const timeoutMs = 10_000;

describe("a connection that is lost", () => {
  const { main: sshd, startExtra } = useSshd();

  function use<T>(work: (host: Host) => Promise<T>, server = sshd()): Promise<T> {
    return withHost(connectionSchema.parse(server.connection()), work);
  }

  it("tells a connection that breaks in the middle from a command that ends", async () => {
    const server = await startExtra();
    await use(async (host) => {
      const started = await host.openExec(["sh", "-c", "echo started; sleep 100"], { timeoutMs });
      const running = host.exec(["sleep", "100"], { timeoutMs });
      const broken = finished(started.resume());
      await once(started, "data");
      server.dropConnections();
      await assert.rejects(running, ConnectionLostError);
      await assert.rejects(broken, ConnectionLostError);
      await assert.rejects(host.exec(["true"], { timeoutMs }), ConnectionLostError);
      await assert.rejects(host.openUnixSocket("/x", { timeoutMs }), ConnectionLostError);
    }, server);
  });
});
