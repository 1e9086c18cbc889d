import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";

export type Answer = Buffer | string | ((request: IncomingMessage, response: ServerResponse) => void);

export interface FileServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What is answered at each path; anything else is a 404. */
  readonly answers: Map<string, Answer>;
  /** The paths that were asked for. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** A server on the loopback device. With a key and a certificate it speaks https. */
export async function startFileServer(tls?: { key: string; cert: string }): Promise<FileServer> {
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? "";
    asked.push(path);
    const answer = answers.get(path);
    if (typeof answer === "function") answer(request, response);
    else if (answer === undefined) response.writeHead(404).end("nothing here");
    else response.writeHead(200, { "Content-Length": Buffer.byteLength(answer) }).end(answer);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${address.port}`,
    answers,
    asked,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
