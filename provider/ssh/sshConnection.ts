import { setMaxListeners } from "node:events";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { ConnectionLostError } from "../errors/connectionLostError";
import { describeDialFault } from "./describeDialFault";
import { watchSilence } from "./watchSilence";

/** How long the other side may take to close its end of a connection that we end. */
const closeGraceMs = 1000;

/** An SSH connection that is logged in. */
export interface SshConnection {
  readonly client: Client;
  /** Aborted with a `ConnectionLostError` as soon as the connection cannot be used any more. */
  readonly lost: AbortSignal;
  /** Ends the connection in order; the process need not wait for it. */
  readonly close: () => void;
}

/** The transport under a connection: a TCP socket, or a channel through a proxy. */
export interface Transport {
  readonly stream: Duplex;
  readonly destroy: () => void;
  readonly unref: () => void;
  /** Says why the transport itself has ended, where it knows. */
  readonly describeLoss?: () => string | undefined;
}

/** Watches over a client that is logged in: says when it is lost, and takes its transport down with it. */
export function makeSshConnection(name: string, client: Client, transport: Transport): SshConnection {
  const lost = new AbortController();
  // Each open channel listens, and stops when it is closed; there is no number that would be too many.
  setMaxListeners(0, lost.signal);
  let isClosing = false;
  const lose = (reason: string, cause?: unknown): void => {
    if (!lost.signal.aborted) lost.abort(new ConnectionLostError(name, reason, cause));
    // On a half-open connection ssh2 would wait for the kernel to give up, which takes a quarter of an hour.
    if (!isClosing) transport.destroy();
  };
  // This listener stays: an 'error' without one would end the process.
  client.on("error", (error) => {
    lose(describeDialFault(error), error);
  });
  const stopWatching = watchSilence(transport.stream, () => {
    lose("the host does not answer any more");
  });
  client.on("close", () => {
    stopWatching();
    lose(isClosing ? "it was closed" : (transport.describeLoss?.() ?? "the host closed it"));
    transport.destroy();
  });
  return {
    client,
    lost: lost.signal,
    close: () => {
      isClosing = true;
      client.end();
      transport.unref();
      setTimeout(transport.destroy, closeGraceMs).unref();
    },
  };
}
