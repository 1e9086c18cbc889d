import type { Duplex } from "node:stream";
import { ControlTimedOutError } from "../errors/controlTimedOutError";
import { SocketForwardRefusedError } from "../errors/socketForwardRefusedError";
import { TaskServerAbsentError } from "../errors/taskServerAbsentError";
import { forwardingRefused } from "../ssh/forwardingRefused";
import type { Host } from "../ssh/host";
import { ControlChannel } from "./controlChannel";
import { ControlClient } from "./controlClient";
import { knownStateRoot, probeServer } from "./runLoader";
import { serverFolder } from "./serverFolder";
import type { ServerIdentity } from "./serverIdentity";
import type { ControlStatus } from "./taskRecord";

/** Where the servers' folders are for root. */
const rootStateRoot = "/var/lib/fc-agents";

export interface ControlOptions {
  /** Bounds the whole conversation, in milliseconds; a wait that is part of it included. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Opens a conversation with a task server, runs `work` on it and closes it. The way is direct forwarding to the
 * control socket, which needs no remote process; where sshd forbids it, with `sudo`, or when the server is stopped
 * (then its queue and results are read from its folder), it is a process on the host.
 *
 * @throws TaskServerAbsentError when the host knows nothing of such a server.
 */
export async function withControl<T>(
  host: Host,
  identity: ServerIdentity,
  options: ControlOptions,
  work: (client: ControlClient) => Promise<T>,
): Promise<T> {
  const stream = (await openSocket(host, identity, options)) ?? (await openProcess(host, identity, options));
  return converse(stream, host, identity, options, work);
}

/** Looks at a server that may run, be stopped or be gone; none of it is an error. */
export async function observeServer(
  host: Host,
  identity: ServerIdentity,
  options: ControlOptions,
): Promise<ControlStatus> {
  const stream = await openSocket(host, identity, options);
  if (stream === undefined) return probeServer(host, identity);
  return converse(stream, host, identity, options, (client) => client.status());
}

async function converse<T>(
  stream: Duplex,
  host: Host,
  identity: ServerIdentity,
  { timeoutMs }: ControlOptions,
  work: (client: ControlClient) => Promise<T>,
): Promise<T> {
  const channel = new ControlChannel(stream);
  const timer = setTimeout(() => {
    stream.destroy(new ControlTimedOutError(host.name, identity, timeoutMs));
  }, timeoutMs);
  try {
    return await work(new ControlClient(channel, host.name));
  } finally {
    clearTimeout(timer);
    channel.close();
  }
}

async function openSocket(
  host: Host,
  identity: ServerIdentity,
  options: ControlOptions,
): Promise<Duplex | undefined> {
  if (!host.canForwardSockets || host.cache.get(forwardingRefused) === true) return undefined;
  const root = knownStateRoot(host) ?? (host.isRoot ? rootStateRoot : undefined);
  if (root === undefined) return undefined;
  try {
    return await host.openUnixSocket(`${root}/${serverFolder(identity)}/control.sock`, options);
  } catch (error) {
    // Either sshd forbids it or nothing listens there; the process on the host finds out which.
    if (error instanceof SocketForwardRefusedError) return undefined;
    throw error;
  }
}

async function openProcess(host: Host, identity: ServerIdentity, options: ControlOptions): Promise<Duplex> {
  const { status, protocolVersion } = await probeServer(host, identity);
  if (status === "absent") throw new TaskServerAbsentError(host.name, identity);
  if (status === "running" && host.canForwardSockets) {
    // It may have been starting again in that very moment, or the folder's place was not known.
    const stream = await openSocket(host, identity, options);
    if (stream !== undefined) return stream;
    // It answers there, so it was sshd who refused: asking it again with each request would cost time.
    if (protocolVersion !== undefined) host.cache.set(forwardingRefused, true);
  }
  const program = `${knownStateRoot(host) ?? rootStateRoot}/${serverFolder(identity)}/task_server.pyz`;
  return host.openExec(["python3", "-IS", program, "ctl"], options);
}
