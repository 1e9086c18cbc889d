import assert from "node:assert/strict";
import { once } from "node:events";
import { HostKeyMismatchError } from "../../provider/errors/hostKeyMismatchError";
import { HostUnreachableError } from "../../provider/errors/hostUnreachableError";
import { SshHandshakeError } from "../../provider/errors/sshHandshakeError";
import { catchError } from "../support/catchError";
import { logIn } from "../support/logIn";
import { passwordConnection } from "../support/passwordConnection";
import { useServers } from "../support/useServers";
import { waitUntil } from "../support/waitUntil";

describe("dial", () => {
  const servers = useServers();
  const connect = (port: number, more: object = {}): object =>
    passwordConnection(port, servers.password, more);

  it("does not try a wrong host key again", async () => {
    const server = await servers.startSsh();
    const others = await servers.startSsh();
    const connection = connect(server.port, { insecureIgnoreHostKey: false, hostKey: others.hostKey });
    assert.ok((await catchError(logIn(connection))) instanceof HostKeyMismatchError);
    assert.equal(server.countConnections(), 1);
  });

  it("does not try again where the two have no algorithm in common", async () => {
    const server = await servers.startSsh({
      config: { algorithms: { kex: ["diffie-hellman-group1-sha1"] } },
    });
    const error = await catchError(logIn(connect(server.port)));
    assert.ok(error instanceof SshHandshakeError, error.message);
    assert.equal(server.countConnections(), 1);
  });

  it("tries as often as dialErrorLimit says and names the last attempt and its cause", async () => {
    const port = await servers.findDeadPort();
    const error = await catchError(logIn(connect(port, { dialErrorLimit: 2 })));
    assert.ok(error instanceof HostUnreachableError, error.message);
    assert.match(
      error.message,
      new RegExp(
        `^Could not log in over SSH on someone@127\\.0\\.0\\.1:${port}: attempt 2 of 2: connection refused\\.`,
      ),
    );
  });

  it("logs in at a later attempt, when the host has come up", async () => {
    const plain = await servers.startPlain((socket) => {
      socket.destroy();
      void plain.stop().then(() => servers.startSsh({ port: plain.port }));
    });
    assert.equal(await logIn(connect(plain.port, { dialErrorLimit: 10 })), "logged in");
    assert.equal(plain.countConnections(), 1);
  });

  it("bounds each attempt by perDialTimeout where a host accepts and then says nothing", async () => {
    const plain = await servers.startPlain(() => undefined);
    const error = await catchError(logIn(connect(plain.port, { dialErrorLimit: 2, perDialTimeout: 1 })));
    assert.match(error.message, /attempt 2 of 2: connected, but the SSH handshake did not end within 1 s\./);
    assert.equal(plain.countConnections(), 2);
  });

  it("bounds an attempt that hangs while logging in", async () => {
    const server = await servers.startSsh({ onAuthentication: () => undefined });
    const error = await catchError(logIn(connect(server.port, { dialErrorLimit: 1, perDialTimeout: 1 })));
    assert.match(error.message, /attempt 1 of 1: connected, but logging in did not end within 1 s\./);
  });

  it("says so where something else than SSH answers, or closes in the middle of the handshake", async () => {
    const http = await servers.startPlain((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const http1 = await catchError(logIn(connect(http.port, { dialErrorLimit: 1 })));
    assert.match(http1.message, /attempt 1 of 1: it closes the connection without a word of SSH\./);
    const cut = await servers.startPlain((socket) => {
      socket.write("SSH-2.0-Cut\r\n");
      socket.once("data", () => socket.end());
    });
    const error = await catchError(logIn(connect(cut.port, { dialErrorLimit: 2 })));
    assert.match(error.message, /attempt 2 of 2: the connection was closed in the SSH handshake\./);
  });

  it("says so when a name cannot be resolved", async () => {
    const error = await catchError(logIn(connect(22, { host: "no-such-host.invalid", dialErrorLimit: 1 })));
    assert.match(error.message, /attempt 1 of 1: the name cannot be resolved/);
  });

  it("waits longer after each attempt", async () => {
    const times: number[] = [];
    const plain = await servers.startPlain((socket) => {
      times.push(Date.now());
      socket.destroy();
    });
    await catchError(logIn(connect(plain.port, { dialErrorLimit: 4 })));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    assert.equal(gaps.length, 3);
    for (const [index, leastMs] of [245, 490, 980].entries()) {
      assert.ok((gaps[index] ?? 0) >= leastMs, `gaps: ${gaps.join(", ")}`);
    }
  });

  it("gives up at once when it is aborted, and hangs up", async () => {
    const accepted = new AbortController();
    const plain = await servers.startPlain(() => {
      accepted.abort();
    });
    const aborter = new AbortController();
    const reason = new Error("enough");
    const pending = logIn(connect(plain.port), { signal: aborter.signal });
    await once(accepted.signal, "abort");
    aborter.abort(reason);
    assert.equal(await catchError(pending), reason);
    await waitUntil("the connection is closed", () => plain.countOpen() === 0);
    assert.equal(plain.countConnections(), 1);
  });

  it("gives up at once when it is aborted between two attempts", async () => {
    const aborter = new AbortController();
    const reason = new Error("enough");
    const plain = await servers.startPlain((socket) => {
      socket.destroy().once("close", () => {
        aborter.abort(reason);
      });
    });
    assert.equal(await catchError(logIn(connect(plain.port), { signal: aborter.signal })), reason);
  });
});
