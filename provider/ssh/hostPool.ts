import { createHash } from "node:crypto";
import type { Connection } from "../connection/connectionSchema";
import { dial } from "./dial";
import type { Host } from "./host";
import { resolveEndpoint } from "./resolveEndpoint";
import { SshHost } from "./sshHost";
import type { SshConnection } from "./sshConnection";

/** How long a connection stays open for the next resource, and so how much later the process can end. */
const idleMs = 1000;

interface PooledHost {
  users: number;
  readonly connected: Promise<Connected>;
  readonly abortDial: AbortController;
  /** Set when `connected` has resolved. */
  established?: Connected;
  idleTimer?: NodeJS.Timeout;
}

interface Connected {
  host: SshHost;
  connection: SshConnection;
}

/** One entry a connection, under a hash of all that it is made of, so that no secret is a key. */
const pool = new Map<string, PooledHost>();

/**
 * Connects to a host, or takes the connection that this process already has, and hands it to `work`. The
 * connection is closed when nobody has used it for a second; channels that `work` left open go with it.
 * `signal` ends the wait for the connection; `work` sees to itself.
 */
export async function withHost<T>(
  connection: Connection,
  work: (host: Host) => Promise<T>,
  options: { signal?: AbortSignal } = {},
): Promise<T> {
  options.signal?.throwIfAborted();
  const key = hashConnection(connection);
  const pooled = findUsable(key) ?? addToPool(key, connection);
  pooled.users += 1;
  clearTimeout(pooled.idleTimer);
  try {
    const { host } = await waitUnlessAborted(pooled.connected, options.signal);
    return await work(host);
  } finally {
    pooled.users -= 1;
    if (pooled.users === 0) retire(key, pooled);
  }
}

function findUsable(key: string): PooledHost | undefined {
  const pooled = pool.get(key);
  if (pooled?.established?.host.isWorn !== true) return pooled;
  // Those who use it go on; the last of them closes it.
  leavePool(key, pooled);
  if (pooled.users === 0) pooled.established.connection.close();
  return undefined;
}

function addToPool(key: string, connection: Connection): PooledHost {
  const abortDial = new AbortController();
  const pooled: PooledHost = { users: 0, abortDial, connected: connect(connection, abortDial.signal) };
  pool.set(key, pooled);
  const leave = (): void => {
    leavePool(key, pooled);
  };
  pooled.connected.then((established) => {
    pooled.established = established;
    const { lost } = established.connection;
    if (lost.aborted) leave();
    else lost.addEventListener("abort", leave);
  }, leave);
  return pooled;
}

/** Another connection may have taken the place of this one already, and stays. */
function leavePool(key: string, pooled: PooledHost): void {
  clearTimeout(pooled.idleTimer);
  if (pool.get(key) === pooled) pool.delete(key);
}

async function connect(connection: Connection, signal: AbortSignal): Promise<Connected> {
  const endpoint = await resolveEndpoint(connection);
  const established = await dial(endpoint, signal);
  const host = new SshHost(established, { name: endpoint.name, user: endpoint.user, sudo: connection.sudo });
  return { host, connection: established };
}

/** Nobody uses the host: a dial that is under way is given up, a connection is kept for a moment. */
function retire(key: string, pooled: PooledHost): void {
  const isPooled = pool.get(key) === pooled;
  const { established } = pooled;
  if (established === undefined) {
    leavePool(key, pooled);
    pooled.abortDial.abort();
    // It may have been connected in this very moment.
    pooled.connected.then(
      (late) => {
        late.connection.close();
      },
      () => undefined,
    );
    return;
  }
  const close = (): void => {
    leavePool(key, pooled);
    established.connection.close();
  };
  if (isPooled) pooled.idleTimer = setTimeout(close, idleMs).unref();
  else close();
}

function waitUnlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error("aborted"));
    };
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  });
}

function hashConnection(connection: Connection): string {
  return createHash("sha256").update(stringifySorted(connection)).digest("hex");
}

/** JSON with sorted keys: the order of properties is no part of a connection. */
function stringifySorted(value: unknown): string {
  return JSON.stringify(value, (_key, child: unknown) =>
    typeof child === "object" && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  );
}
