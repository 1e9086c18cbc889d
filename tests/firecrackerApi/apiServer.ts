import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** A request as it came in. */
export interface SeenRequest {
  line: string;
  headers: Record<string, string>;
  body: string;
}

/** Answers one request by writing to the socket whatever it likes. */
export type Answerer = (request: SeenRequest, socket: Socket) => void;

export interface ApiServer {
  readonly path: string;
  readonly requests: SeenRequest[];
  /** Number of connections that were ever opened. */
  countConnections(): number;
  /** Number of connections that are open now. */
  countOpen(): number;
  answerWith(answerer: Answerer): void;
  close(): Promise<void>;
}

/** Listens on a Unix socket and reads requests as Firecracker does: JSON bodies with a length, one after the other. */
export async function startApiServer(path: string): Promise<ApiServer> {
  const requests: SeenRequest[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  let answerer: Answerer = (_request, socket) => socket.write(noContent);
  const server: Server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => undefined);
    let buffered = "";
    socket.on("data", (chunk) => {
      buffered += chunk.toString("utf8");
      for (;;) {
        const end = buffered.indexOf("\r\n\r\n");
        if (end < 0) return;
        const [line = "", ...fields] = buffered.slice(0, end).split("\r\n");
        const headers = Object.fromEntries(
          fields.map((field) => {
            const colon = field.indexOf(":");
            return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
          }),
        );
        const length = Number(headers["content-length"] ?? 0);
        if (buffered.length < end + 4 + length) return;
        const request = { line, headers, body: buffered.slice(end + 4, end + 4 + length) };
        buffered = buffered.slice(end + 4 + length);
        requests.push(request);
        answerer(request, socket);
      }
    });
  }).listen({ path, backlog: 128 });
  await once(server, "listening");
  return {
    path,
    requests,
    countConnections: () => connections,
    countOpen: () => open.size,
    answerWith: (other) => {
      answerer = other;
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** How Firecracker says that it has done what was asked. */
export const noContent = "HTTP/1.1 204 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n";

/** An answer with a JSON body, in the form that Firecracker gives it. */
export function jsonAnswer(status: number, body: unknown): string {
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n`;
  return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
