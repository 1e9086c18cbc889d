import assert from "node:assert/strict";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { connectionSchema, type Connection } from "../../provider/connection/connectionSchema";
import { ConnectionLostError } from "../../provider/errors/connectionLostError";
import { HostUnreachableError } from "../../provider/errors/hostUnreachableError";
import { RemoteTimeoutError } from "../../provider/errors/remoteTimeoutError";
import type { Host } from "../../provider/ssh/host";
import { withHost } from "../../provider/ssh/hostPool";
import { catchError } from "../support/catchError";
import { passwordConnection } from "../support/passwordConnection";
import { startSshd, type Sshd } from "../support/sshd";
import { useServers } from "../support/useServers";
import { useSshd } from "../support/useSshd";
import { waitUntil } from "../support/waitUntil";

const timeoutMs = 10_000;

const run = async (host: Host): Promise<string> =>
  (await host.exec(["echo", "done"], { timeoutMs })).stdout.toString().trim();

function connectionOf(server: Sshd): Connection {
  return connectionSchema.parse(server.connection());
}

/** Freezes a server under a command that runs there, and tells how long it took until that was noticed, in ms. */
async function freezeUnder(connection: object, frozen: Sshd): Promise<number> {
  return withHost(connectionSchema.parse(connection), async (host) => {
    const stream = await host.openExec(["sh", "-c", "echo started; sleep 60"], { timeoutMs });
    const broken = finished(stream);
    await once(stream, "data");
    frozen.freezeConnections();
    const start = Date.now();
    await assert.rejects(broken, /the host does not answer any more/);
    return Date.now() - start;
  });
}

describe("withHost, against OpenSSH", () => {
  const { main: sshd, startExtra } = useSshd();
  const frozen: Sshd[] = [];
  let noticed: Promise<number[]> | undefined;

  // It takes 15 s, and so runs beside the other tests; the last one waits for it.
  before(async () => {
    for (const server of await Promise.all([startSshd(), startSshd()])) frozen.push(server);
    const [silent, proxy] = frozen;
    if (silent === undefined || proxy === undefined) return;
    const behind = { ...sshd().connection(), proxy: proxy.connection() };
    noticed = Promise.all([freezeUnder(silent.connection(), silent), freezeUnder(behind, proxy)]);
    noticed.catch(() => undefined);
  });
  after(() => Promise.all(frozen.map((server) => server.stop())));

  it("shares one connection between all who use a host at once or soon after each other, then closes it", async () => {
    const server = await startExtra();
    const { host, ...rest } = server.connection();
    const reordered = connectionSchema.parse({ ...rest, host });
    const first = await Promise.all(
      [connectionOf(server), reordered, reordered].map((c) => withHost(c, run)),
    );
    assert.deepEqual([...first, await withHost(reordered, run)], ["done", "done", "done", "done"]);
    assert.equal(server.countConnections(), 1);
    await waitUntil("the connection is closed", () => server.countSessions() === 0);
  });

  it("does not share it with another user's or another key's login", async () => {
    const server = await startExtra();
    const other = { ...connectionOf(server), password: "x" };
    await Promise.all([withHost(connectionOf(server), run), withHost(other, run)]);
    assert.equal(server.countConnections(), 2);
  });

  it("tells everybody who holds a connection that it was lost, and makes a new one for the next", async () => {
    const server = await startExtra();
    const connection = connectionOf(server);
    let started = 0;
    const held = Array.from({ length: 3 }, () =>
      withHost(connection, async (host) => {
        const stream = await host.openExec(["sh", "-c", "echo started; sleep 60"], { timeoutMs });
        const closed = once(stream, "close");
        await once(stream, "data");
        started += 1;
        if (started === 3) server.dropConnections();
        await closed;
      }),
    );
    for (const outcome of await Promise.allSettled(held)) {
      assert.ok(outcome.status === "rejected" && outcome.reason instanceof ConnectionLostError);
    }
    assert.equal(await withHost(connection, run), "done");
    assert.equal(server.countConnections(), 2);
  });

  it("keeps the new connection pooled, and closes it, when an idle one was lost before it", async () => {
    const server = await startExtra();
    const connection = connectionOf(server);
    const lostHost = await withHost(connection, async (host) => {
      await run(host);
      return host;
    });
    server.dropConnections();
    await assert.rejects(lostHost.exec(["sleep", "60"], { timeoutMs }), ConnectionLostError);
    await withHost(connection, async (host) => {
      // Longer than an idle connection is kept, so that the timer of the lost one would have fired.
      await host.exec(["sleep", "1.3"], { timeoutMs });
      await withHost(connection, run);
    });
    assert.equal(server.countConnections(), 2);
    await waitUntil("the connection is closed", () => server.countSessions() === 0);
  });

  it("leaves a connection alone on which commands were given up that may still run", async () => {
    const server = await startExtra();
    const connection = connectionOf(server);
    await withHost(connection, async (host) => {
      await assert.rejects(host.exec(["sleep", "3"], { timeoutMs: 200 }), RemoteTimeoutError);
      assert.equal(await run(host), "done");
      assert.equal(await withHost(connection, run), "done");
      assert.equal(server.countConnections(), 2);
    });
    await waitUntil("both connections are closed", () => server.countSessions() === 0, 8000);
  });

  it("notices within 20 s that a host, or the proxy before it, has gone silent", async function () {
    this.timeout(40_000);
    const times = (await noticed) ?? [];
    assert.equal(times.length, 2);
    assert.ok(Math.max(...times) <= 20_000, times.join(", "));
  });
});

describe("withHost, against faults", () => {
  const servers = useServers();
  const connect = (port: number, more: object = {}): Connection =>
    connectionSchema.parse(passwordConnection(port, servers.password, more));

  it("gives a failed dial to all who wait for it, and dials again for the next", async () => {
    const plain = await servers.startPlain((socket) => socket.destroy());
    const connection = connect(plain.port, { dialErrorLimit: 1 });
    const errors = await Promise.all([1, 2].map(() => catchError(withHost(connection, run))));
    assert.ok(errors.every((error) => error instanceof HostUnreachableError));
    assert.equal(plain.countConnections(), 1);
    await plain.stop();
    await servers.startSsh({ port: plain.port });
    const said = await withHost(connection, (host) => host.exec(["x"], { timeoutMs }));
    assert.equal(said.stdout.toString(), "logged in\n");
  });

  it("goes on dialing for one who waits when another gives up", async () => {
    const aborter = new AbortController();
    const reason = new Error("enough");
    const server = await servers.startSsh({
      onAuthentication: (context) => {
        aborter.abort(reason);
        context.accept();
      },
    });
    const connection = connect(server.port);
    const impatient = withHost(connection, run, { signal: aborter.signal });
    const patient = withHost(connection, (host) => host.exec(["x"], { timeoutMs }));
    assert.equal(await catchError(impatient), reason);
    assert.equal((await patient).exitCode, 0);
    assert.equal(server.countConnections(), 1);
  });

  it("dials anew for one who comes after the last waiting user has given up", async () => {
    const accepted = new AbortController();
    const silent = await servers.startPlain(() => {
      accepted.abort();
    });
    const connection = connect(silent.port, { dialErrorLimit: 1 });
    const aborter = new AbortController();
    const pending = withHost(connection, run, { signal: aborter.signal });
    await once(accepted.signal, "abort");
    aborter.abort(new Error("enough"));
    await catchError(pending);
    await silent.stop();
    await servers.startSsh({ port: silent.port });
    assert.equal((await withHost(connection, (host) => host.exec(["x"], { timeoutMs }))).exitCode, 0);
  });
});
