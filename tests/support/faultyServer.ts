import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import {
  Server,
  utils,
  type AuthContext,
  type Connection as ServerConnection,
  type ServerConfig,
} from "ssh2";

/** An SSH server made of ssh2's own parts, for what a healthy sshd does not do. */
export interface FaultyServer {
  readonly port: number;
  /** `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** TCP connections so far. */
  countConnections(): number;
  /** Stops reading and writing on all connections without closing them: a host that lost its network. */
  freeze(): void;
  stop(): Promise<void>;
}

export interface FaultyServerOptions {
  onAuthentication: (context: AuthContext) => void;
  /** A client has logged in; `socket` is what its bytes go through. */
  onReady?: (client: ServerConnection, socket: Socket) => void;
  config?: Partial<ServerConfig>;
  port?: number;
}

export async function startFaultyServer(options: FaultyServerOptions): Promise<FaultyServer> {
  const pair = utils.generateKeyPairSync("ed25519");
  const sockets = new Set<Socket>();
  const ssh = new Server({ hostKeys: [pair.private], ...options.config }, (client, info) => {
    const socket = [...sockets].find(({ remotePort }) => remotePort === info.port);
    // Clients that hang up in the middle are what these tests are about.
    client.on("error", () => undefined);
    client.on("authentication", options.onAuthentication);
    client.on("ready", () => {
      if (socket !== undefined) options.onReady?.(client, socket);
    });
  });
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    ssh.injectSocket(socket);
  }).listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    hostKey: pair.public.split(" ").slice(0, 2).join(" "),
    countConnections: () => count,
    freeze: () => {
      for (const socket of sockets) socket.removeAllListeners("data").pause();
    },
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}
