import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { startFaultyServer, type FaultyServer, type FaultyServerOptions } from "./faultyServer";

export interface PlainServer {
  readonly port: number;
  /** Connections so far. */
  countConnections(): number;
  /** Connections that are open now. */
  countOpen(): number;
  stop(): Promise<void>;
}

export interface UsedServers {
  /** The password that a server lets in, where a test says nothing else. */
  readonly password: string;
  /** Starts an SSH server that lets `password` in and answers every command with "logged in". */
  startSsh(options?: Partial<FaultyServerOptions>): Promise<FaultyServer>;
  /** Starts a TCP server that does with its connections what the test says. */
  startPlain(onSocket: (socket: Socket) => void, port?: number): Promise<PlainServer>;
  /** Returns a port on which nobody listens. */
  findDeadPort(): Promise<number>;
}

/** Servers for the tests of a suite; each ends with the test that started it. */
export function useServers(): UsedServers {
  const password = "correct horse";
  const servers: { stop: () => Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });
  return {
    password,
    startSsh: async (options = {}) => {
      const server = await startFaultyServer({
        onAuthentication: (context) => {
          if (context.method === "password" && context.password === password) context.accept();
          else context.reject(["password"]);
        },
        onReady: (client) => {
          client.on("session", (accept) => {
            accept().on("exec", (acceptExec) => {
              const channel = acceptExec();
              channel.write("logged in\n");
              channel.exit(0);
              channel.end();
            });
          });
        },
        ...options,
      });
      servers.push(server);
      return server;
    },
    startPlain: async (onSocket, port = 0) => {
      const server = await startPlainServer(onSocket, port);
      servers.push(server);
      return server;
    },
    findDeadPort: async () => {
      const server = await startPlainServer(() => undefined, 0);
      await server.stop();
      return server.port;
    },
  };
}

async function startPlainServer(onSocket: (socket: Socket) => void, port: number): Promise<PlainServer> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    onSocket(socket);
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    countConnections: () => count,
    countOpen: () => sockets.size,
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
