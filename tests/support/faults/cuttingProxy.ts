import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A way to a server on this machine that breaks where a test wants it to. */
export interface CuttingProxy {
  readonly port: number;
  /** Cuts connections off as soon as the client has sent so many bytes on one; `undefined`: never. */
  cutAfterBytes: number | undefined;
  /** Cuts connections off as soon as the server has sent so many bytes on one; `undefined`: never. */
  cutAfterAnswerBytes: number | undefined;
  /** Lets nothing of the server's answers through once the client has sent so many bytes. */
  muteAfterBytes: number | undefined;
  /** Cuts every open connection. */
  cut(): void;
  stop(): Promise<void>;
}

export async function startCuttingProxy(targetPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const target = track(connect(targetPort, "127.0.0.1"));
    track(client);
    let sentBytes = 0;
    client.on("data", (chunk: Buffer) => {
      sentBytes += chunk.length;
      const limit = proxy.cutAfterBytes;
      if (limit === undefined || sentBytes < limit) {
        target.write(chunk);
        return;
      }
      // What was sent up to the cut arrives.
      target.end(chunk.subarray(0, chunk.length - (sentBytes - limit)));
      client.destroy();
    });
    let answeredBytes = 0;
    target.on("data", (chunk: Buffer) => {
      answeredBytes += chunk.length;
      if (proxy.cutAfterAnswerBytes !== undefined && answeredBytes >= proxy.cutAfterAnswerBytes) {
        client.destroy();
        return;
      }
      if (proxy.muteAfterBytes === undefined || sentBytes < proxy.muteAfterBytes) client.write(chunk);
    });
    client.on("close", () => target.end());
    target.on("close", () => client.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: CuttingProxy = {
    port: (server.address() as AddressInfo).port,
    cutAfterBytes: undefined,
    cutAfterAnswerBytes: undefined,
    muteAfterBytes: undefined,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return proxy;
}
