import assert from "node:assert/strict";
import { join } from "node:path";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { ChannelRefusedError } from "../../provider/errors/channelRefusedError";
import type { Host } from "../../provider/ssh/host";
import { withHost } from "../../provider/ssh/hostPool";
import { useSshd } from "../support/useSshd";

const timeoutMs = 10_000;

describe("commands at once", () => {
  const { main: sshd, startExtra } = useSshd();

  function use<T>(work: (host: Host) => Promise<T>, server = sshd()): Promise<T> {
    return withHost(connectionSchema.parse(server.connection()), work);
  }

  it("queues what is more than eight commands at once, and all of them are run", async () => {
    const peak = join(sshd().folder, "peak");
    const script = `d=$(mktemp -d ${peak}.XXXXXX); ls -d ${peak}.* | wc -l; sleep 0.05; rmdir $d`;
    const counts = await use((host) =>
      Promise.all(
        Array.from({ length: 20 }, async () => {
          const { stdout } = await host.exec(["sh", "-c", script], { timeoutMs: 20_000 });
          return Number(stdout.toString());
        }),
      ),
    );
    assert.equal(counts.length, 20);
    assert.ok(Math.max(...counts) <= 8, `at once: ${Math.max(...counts)}`);
  });

  it("gets along with a server that allows one session at a time", async () => {
    const server = await startExtra({ configLines: ["MaxSessions 1"] });
    const outputs = await use(
      (host) => Promise.all([1, 2, 3, 4, 5].map((n) => host.exec(["echo", String(n)], { timeoutMs }))),
      server,
    );
    assert.deepEqual(
      outputs.map(({ stdout }) => stdout.toString()),
      ["1\n", "2\n", "3\n", "4\n", "5\n"],
    );
  });

  it("says so when the server allows no commands at all", async () => {
    const server = await startExtra({ configLines: ["MaxSessions 0"] });
    await assert.rejects(
      use((host) => host.exec(["true"], { timeoutMs }), server),
      ChannelRefusedError,
    );
  });
});
