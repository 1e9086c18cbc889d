import { connect } from "node:net";
import type { ClientChannel } from "ssh2";
import { ConnectionLostError } from "../errors/connectionLostError";
import { ProxyRefusedError } from "../errors/proxyRefusedError";
import type { Endpoint } from "./endpoint";
import type { SshConnection, Transport } from "./sshConnection";

/** A byte stream to a host, connected or about to be. */
export interface DialTransport extends Transport {
  readonly isConnected: () => boolean;
}

/** RFC 4254: the reason of a refused channel that will always be refused. */
const administrativelyProhibited = 1;

/** Opens a TCP connection. It connects in the background: its errors appear on the stream. */
export function openSocket(endpoint: Endpoint): DialTransport {
  const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
  // The SSH client listens too, but only from its own start on.
  socket.on("error", () => undefined);
  let isConnected = false;
  socket.once("connect", () => {
    isConnected = true;
  });
  return {
    stream: socket,
    isConnected: () => isConnected,
    destroy: () => {
      socket.destroy();
    },
    unref: () => {
      socket.unref();
    },
  };
}

/** Opens a connection to a host through its proxy; the proxy's connection ends with it. */
export async function openThroughProxy(
  endpoint: Endpoint,
  proxyName: string,
  proxy: SshConnection,
  signal: AbortSignal,
): Promise<DialTransport> {
  const channel = await forward(endpoint, proxyName, proxy, signal);
  return {
    stream: channel,
    isConnected: () => true,
    destroy: () => {
      channel.destroy();
      proxy.close();
    },
    unref: () => undefined,
    describeLoss: () => {
      const reason: unknown = proxy.lost.reason;
      return reason instanceof ConnectionLostError
        ? `the connection to its proxy ${proxyName} was lost: ${reason.reason}`
        : undefined;
    },
  };
}

function forward(
  endpoint: Endpoint,
  proxyName: string,
  proxy: SshConnection,
  signal: AbortSignal,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(new Error(`no answer through the proxy ${proxyName}`));
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener("abort", onAbort, { once: true });
    proxy.client.forwardOut("127.0.0.1", 0, endpoint.host, endpoint.port, (error, channel) => {
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) {
        if (signal.aborted) channel.destroy();
        else resolve(channel);
      } else if ("reason" in error && error.reason === administrativelyProhibited) {
        reject(new ProxyRefusedError(proxyName, endpoint.name));
      } else {
        reject(new Error(`the proxy ${proxyName} could not reach it (${error.message})`));
      }
    });
  });
}
