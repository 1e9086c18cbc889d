import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished, pipeline } from "node:stream/promises";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { ConnectionLostError } from "../../provider/errors/connectionLostError";
import { RemoteCommandError } from "../../provider/errors/remoteCommandError";
import type { Host } from "../../provider/ssh/host";
import { withHost } from "../../provider/ssh/hostPool";
import { useSshd } from "../support/useSshd";

const timeoutMs = 10_000;

describe("openExec", () => {
  const { main: sshd, startExtra } = useSshd();

  function use<T>(work: (host: Host) => Promise<T>, server = sshd()): Promise<T> {
    return withHost(connectionSchema.parse(server.connection()), work);
  }

  it("joins the standard input and output of a process", async () => {
    await use(async (host) => {
      const stream = await host.openExec(["cat"], { timeoutMs });
      stream.write("ping");
      const [chunk] = (await once(stream, "data")) as [Buffer];
      assert.equal(chunk.toString(), "ping");
      stream.end();
      await finished(stream.resume());
    });
  });

  it("streams much with a slow reader, completely", async () => {
    await use(async (host) => {
      const stream = await host.openExec(["head", "-c", "20000000", "/dev/zero"], { timeoutMs });
      stream.end();
      assert.equal((await buffer(stream)).length, 20_000_000);
    });
  });

  it("fails with the exit code and the error output, never with an end that looks good", async () => {
    await use(async (host) => {
      const script = "echo part; echo why >&2; exit 4";
      const stream = await host.openExec(["sh", "-c", script], { timeoutMs });
      await assert.rejects(buffer(stream), (error) => {
        assert.ok(error instanceof RemoteCommandError);
        assert.equal(error.exitCode, 4);
        assert.match(error.message, /^`sh` failed on .*: exit code 4, saying: why\.$/);
        return true;
      });
    });
  });

  it("ends well when the process ends without reading all of its input", async () => {
    await use(async (host) => {
      const stream = await host.openExec(["head", "-c", "1"], { timeoutMs });
      stream.end(Buffer.alloc(8_000_000, "x"));
      assert.equal((await buffer(stream)).toString(), "x");
    });
  });

  it("gives its place back when the stream is destroyed", async () => {
    await use(async (host) => {
      for (let round = 0; round < 12; round += 1) {
        const stream = await host.openExec(["cat"], { timeoutMs });
        stream.destroy();
      }
      assert.equal((await host.exec(["true"], { timeoutMs })).exitCode, 0);
    });
  });

  it("carries 100 MiB both ways through a process, and holds only what is under way", async () => {
    const pieces = 1600;
    const piece = Buffer.alloc(64 * 1024, "0123456789abcdef");
    const sent = createHash("sha256");
    const received = createHash("sha256");
    let bytesSent = 0;
    let bytesReceived = 0;
    let mostUnderWay = 0;
    const source = function* (): Generator<Buffer> {
      for (let number = 0; number < pieces; number += 1) {
        const numbered = Buffer.from(piece);
        numbered.writeUInt32BE(number);
        sent.update(numbered);
        bytesSent += numbered.length;
        mostUnderWay = Math.max(mostUnderWay, bytesSent - bytesReceived);
        yield numbered;
      }
    };
    await use(async (host) => {
      const stream = await host.openExec(["cat"], { timeoutMs });
      await pipeline(Readable.from(source()), stream, async (output: AsyncIterable<Buffer>) => {
        for await (const chunk of output) {
          received.update(chunk);
          bytesReceived += chunk.length;
        }
      });
    });
    assert.equal(bytesReceived, pieces * piece.length);
    assert.equal(received.digest("hex"), sent.digest("hex"));
    // SSH's windows (2 MiB each way), the buffers of both streams, and those of the kernel.
    assert.ok(mostUnderWay <= 24 * 1024 * 1024, `most bytes under way: ${mostUnderWay}`);
  });

  it("stops the sender while nobody reads", async () => {
    await use(async (host) => {
      const stream = await host.openExec(["cat", "/dev/zero"], { timeoutMs });
      await once(stream, "readable");
      // The other commands of this connection go on meanwhile, so it has had its chance to fill everything.
      for (let round = 0; round < 5; round += 1) await host.exec(["true"], { timeoutMs });
      assert.ok(stream.readableLength <= 8 * 1024 * 1024, `held: ${stream.readableLength}`);
      stream.destroy();
    });
  });

  it("is destroyed with the reason when the host is lost, and never ends as if it were whole", async () => {
    const server = await startExtra();
    await use(async (host) => {
      const stream = await host.openExec(["sh", "-c", "echo part; sleep 60"], { timeoutMs });
      await once(stream, "readable");
      server.dropConnections();
      await assert.rejects(buffer(stream), ConnectionLostError);
    }, server);
  });
});
