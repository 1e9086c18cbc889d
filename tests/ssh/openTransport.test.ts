import assert from "node:assert/strict";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { ConnectionLostError } from "../../provider/errors/connectionLostError";
import { HostKeyMismatchError } from "../../provider/errors/hostKeyMismatchError";
import { HostUnreachableError } from "../../provider/errors/hostUnreachableError";
import { ProxyRefusedError } from "../../provider/errors/proxyRefusedError";
import { dial } from "../../provider/ssh/dial";
import { fingerprint } from "../../provider/ssh/hostKey";
import { withHost } from "../../provider/ssh/hostPool";
import { openThroughProxy } from "../../provider/ssh/openTransport";
import { resolveEndpoint } from "../../provider/ssh/resolveEndpoint";
import { catchError } from "../support/catchError";
import { logIn } from "../support/logIn";
import type { Sshd } from "../support/sshd";
import { useServers } from "../support/useServers";
import { useSshd } from "../support/useSshd";
import { waitUntil } from "../support/waitUntil";

const timeoutMs = 10_000;

describe("a proxy hop, against OpenSSH", () => {
  const { main: target, startExtra } = useSshd();
  const servers = useServers();

  const via = (proxy: Sshd, more: object = {}): object => ({
    ...target().connection(),
    proxy: proxy.connection(),
    ...more,
  });
  const areClosed = (proxy: Sshd): Promise<void> =>
    waitUntil("no connection to the proxy is left", () => proxy.countSessions() === 0);

  it("logs in to the host through the proxy, each with its own key, and closes both connections", async () => {
    const proxy = await startExtra();
    await withHost(connectionSchema.parse(via(proxy)), async (host) => {
      const port = (await host.exec(["printenv", "SSH_CONNECTION"], { timeoutMs })).stdout.toString();
      assert.ok(port.trim().endsWith(` ${target().port}`), port);
      assert.equal(proxy.countSessions(), 1);
    });
    await areClosed(proxy);
    await waitUntil("no connection to the host is left", () => target().countSessions() === 0);
  });

  it("checks the proxy by its own host key, and the host behind it by the host's", async () => {
    const proxy = await startExtra();
    const wrongProxy = { ...proxy.connection(), hostKey: target().hostKey };
    const ofProxy = await catchError(logIn(via(proxy, { proxy: wrongProxy })));
    assert.ok(ofProxy instanceof HostKeyMismatchError, ofProxy.message);
    assert.match(ofProxy.message, /correct `connection\.proxy\.hostKey`/);
    const ofHost = await catchError(logIn(via(proxy, { hostKey: proxy.hostKey })));
    assert.ok(ofHost instanceof HostKeyMismatchError, ofHost.message);
    assert.match(ofHost.message, /correct `connection\.hostKey`/);
    await areClosed(proxy);
  });

  it("finds a host's key by a fingerprint alone, though it may take several connections", async () => {
    const proxy = await startExtra();
    const host = await startExtra({ hostKeyTypes: ["ed25519", "ecdsa"] });
    const blob = Buffer.from(host.hostKeys[1]?.split(" ")[1] ?? "", "base64");
    const hostKey = fingerprint(blob);
    assert.equal(await logIn({ ...host.connection(), hostKey, proxy: proxy.connection() }), "logged in");
  });

  it("says so, at once, when the proxy does not forward", async () => {
    const proxy = await startExtra({ configLines: ["AllowTcpForwarding no"] });
    const error = await catchError(logIn(via(proxy)));
    assert.ok(error instanceof ProxyRefusedError, error.message);
    assert.equal(proxy.countConnections(), 1);
    await areClosed(proxy);
  });

  it("names the proxy when it is the proxy that cannot be reached", async () => {
    const port = await servers.findDeadPort();
    const proxy = { ...target().connection(), port, dialErrorLimit: 2 };
    const error = await catchError(logIn({ ...target().connection(), proxy }));
    assert.ok(error instanceof HostUnreachableError, error.message);
    assert.match(
      error.message,
      new RegExp(`@127\\.0\\.0\\.1:${port}: attempt 2 of 2: connection refused\\.`),
    );
    assert.match(error.message, /`connection\.proxy\.host`/);
  });

  it("tries again, and says so, when the host behind the proxy cannot be reached", async () => {
    const proxy = await startExtra();
    const port = await servers.findDeadPort();
    const error = await catchError(logIn(via(proxy, { port, dialErrorLimit: 2 })));
    assert.match(error.message, /attempt 2 of 2: the proxy .* could not reach it \(.*Connection refused\)\./);
    await areClosed(proxy);
  });

  it("bounds an attempt where the host behind the proxy says nothing", async () => {
    const proxy = await startExtra();
    const silent = await servers.startPlain(() => undefined);
    const limits = { port: silent.port, dialErrorLimit: 1, perDialTimeout: 1 };
    const error = await catchError(logIn(via(proxy, limits)));
    assert.match(error.message, /attempt 1 of 1: connected, but the SSH handshake did not end within 1 s\./);
    await areClosed(proxy);
  });

  it("gives up at once when it is aborted behind the proxy, and closes the proxy's connection", async () => {
    const proxy = await startExtra();
    const accepted = new AbortController();
    const silent = await servers.startPlain(() => {
      accepted.abort();
    });
    const aborter = new AbortController();
    const reason = new Error("enough");
    const pending = logIn(via(proxy, { port: silent.port }), { signal: aborter.signal });
    await once(accepted.signal, "abort");
    aborter.abort(reason);
    assert.equal(await catchError(pending), reason);
    await areClosed(proxy);
    assert.equal(proxy.countConnections(), 1);
  });

  it("gives up at once when it is aborted while it still dials the proxy", async () => {
    const accepted = new AbortController();
    const silent = await servers.startPlain(() => {
      accepted.abort();
    });
    const aborter = new AbortController();
    const reason = new Error("enough");
    const proxy = { ...target().connection(), port: silent.port };
    const pending = logIn({ ...target().connection(), proxy }, { signal: aborter.signal });
    await once(accepted.signal, "abort");
    aborter.abort(reason);
    assert.equal(await catchError(pending), reason);
    await waitUntil("the proxy is hung up on", () => silent.countOpen() === 0);
  });

  it("opens nothing through a proxy when its time was over before", async () => {
    const endpoint = await resolveEndpoint(connectionSchema.parse(target().connection()));
    const proxy = await dial(endpoint, new AbortController().signal);
    try {
      const opening = openThroughProxy(endpoint, endpoint.name, proxy, AbortSignal.abort());
      assert.match((await catchError(opening)).message, /no answer through the proxy/);
    } finally {
      proxy.close();
    }
  });

  it("notices that the proxy's connection broke under a running command", async () => {
    const proxy = await startExtra();
    const work = withHost(connectionSchema.parse(via(proxy)), async (host) => {
      const stream = await host.openExec(["sh", "-c", "echo started; sleep 60"], { timeoutMs });
      const ended = finished(stream);
      await once(stream, "data");
      proxy.dropConnections();
      await ended;
    });
    const error = await catchError(work);
    assert.ok(error instanceof ConnectionLostError);
    assert.match(error.message, /the connection to its proxy .* was lost: the host closed it\./);
  });
});
