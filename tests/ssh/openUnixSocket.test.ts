import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { ConnectionLostError } from "../../provider/errors/connectionLostError";
import { SocketForwardRefusedError } from "../../provider/errors/socketForwardRefusedError";
import { dial } from "../../provider/ssh/dial";
import type { Host } from "../../provider/ssh/host";
import { withHost } from "../../provider/ssh/hostPool";
import { resolveEndpoint } from "../../provider/ssh/resolveEndpoint";
import { SshHost } from "../../provider/ssh/sshHost";
import { useSshd } from "../support/useSshd";

const timeoutMs = 10_000;

describe("openUnixSocket", () => {
  const { main: sshd, startExtra } = useSshd();

  function use<T>(work: (host: Host) => Promise<T>, server = sshd()): Promise<T> {
    return withHost(connectionSchema.parse(server.connection()), work);
  }

  let server: Server | undefined;
  let path = "";

  before(async () => {
    path = join(sshd().folder, "echo.sock");
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    }).listen({ path, backlog: 512 });
    await once(server, "listening");
  });
  after(() => {
    server?.close();
  });

  it("reaches a socket on the host without a process there, many at once", async () => {
    await use(async (host) => {
      assert.equal(host.canForwardSockets, true);
      const echoes = await Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          const stream = await host.openUnixSocket(path, { timeoutMs });
          stream.end(`hello ${n}`);
          return (await buffer(stream)).toString();
        }),
      );
      assert.deepEqual(
        echoes,
        Array.from({ length: 40 }, (_, n) => `hello ${n}`),
      );
    });
  });

  it("opens hundreds at once, and leaves no listener behind when they are closed", async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => {
      warnings.push(warning.message);
    };
    process.on("warning", onWarning);
    const endpoint = await resolveEndpoint(connectionSchema.parse(sshd().connection()));
    const connection = await dial(endpoint, new AbortController().signal);
    try {
      const host = new SshHost(connection, { name: endpoint.name, user: endpoint.user, sudo: false });
      const { signal } = new AbortController();
      const talk = async (text: string): Promise<string> => {
        const stream = await host.openUnixSocket(path, { timeoutMs });
        stream.end(text);
        return (await buffer(stream)).toString();
      };
      const texts = Array.from({ length: 400 }, (_, n) => `hello ${n}`);
      assert.deepEqual(await Promise.all(texts.map(talk)), texts);
      await Promise.all([1, 2, 3].map(() => host.exec(["true"], { timeoutMs, signal })));
      await assert.rejects(host.openUnixSocket("/nowhere", { timeoutMs, signal }), SocketForwardRefusedError);
      assert.equal(getEventListeners(signal, "abort").length, 0);
      assert.equal(getEventListeners(connection.lost, "abort").length, 0);
      // Warnings are emitted in a later turn.
      await new Promise(setImmediate);
      assert.deepEqual(
        warnings.filter((warning) => warning.includes("leak")),
        [],
      );
    } finally {
      connection.close();
      process.off("warning", onWarning);
    }
  });

  it("fails with the reason, and does not end, when the host is lost in the middle", async () => {
    const server = await startExtra();
    await use(async (host) => {
      const stream = await host.openUnixSocket(path, { timeoutMs });
      stream.write("part");
      await once(stream, "readable");
      server.dropConnections();
      await assert.rejects(buffer(stream), ConnectionLostError);
    }, server);
  });

  it("ends when the other side ends first", async () => {
    const farewell = join(sshd().folder, "farewell.sock");
    const closing = createServer((socket) => socket.end("bye")).listen(farewell);
    await once(closing, "listening");
    await use(async (host) => {
      const stream = await host.openUnixSocket(farewell, { timeoutMs });
      assert.equal((await buffer(stream)).toString(), "bye");
      await finished(stream);
    });
    closing.close();
  });

  it("carries megabytes both ways unchanged", async () => {
    const bytes = Buffer.alloc(10_000_000, "0123456789");
    await use(async (host) => {
      const stream = await host.openUnixSocket(path, { timeoutMs });
      stream.end(bytes);
      assert.ok((await buffer(stream)).equals(bytes));
    });
  });

  it("says so when nothing listens there", async () => {
    await use((host) =>
      assert.rejects(
        host.openUnixSocket(join(sshd().folder, "none.sock"), { timeoutMs }),
        SocketForwardRefusedError,
      ),
    );
  });

  it("says so when sshd forbids it, and commands still work", async () => {
    const forbidding = await startExtra({ configLines: ["AllowStreamLocalForwarding no"] });
    await use(async (host) => {
      await assert.rejects(host.openUnixSocket(path, { timeoutMs }), SocketForwardRefusedError);
      assert.equal((await host.exec(["true"], { timeoutMs })).exitCode, 0);
    }, forbidding);
  });
});
