import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** The way to a server on this machine, with a gate across it. */
export interface Gate {
  readonly port: number;
  /** Connections that wait at the closed gate. */
  readonly waitingCount: number;
  /** From now on new connections wait, and nothing passes on those that are open; none of them is cut. */
  close(): void;
  open(): void;
  stop(): Promise<void>;
}

/** Starts an open gate before a port of this machine. */
export async function startGate(targetPort: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  const waiting = new Set<Socket>();
  let isOpen = true;

  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket
      .on("error", () => undefined)
      .on("close", () => {
        sockets.delete(socket);
        waiting.delete(socket);
      });
  };
  const join = (client: Socket): void => {
    const target = track(connect(targetPort, "127.0.0.1"));
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on("data", (chunk: Buffer) => to.write(chunk));
      from.on("close", () => to.destroy());
      if (!isOpen) from.pause();
    }
  };
  const server = createServer({ pauseOnConnect: true }, (client) => {
    track(client);
    if (isOpen) join(client);
    else waiting.add(client);
    if (isOpen) client.resume();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get waitingCount() {
      return waiting.size;
    },
    close: () => {
      isOpen = false;
      for (const socket of sockets) socket.pause();
    },
    open: () => {
      isOpen = true;
      for (const client of waiting) join(client);
      waiting.clear();
      for (const socket of sockets) socket.resume();
    },
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
