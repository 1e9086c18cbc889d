import { EventEmitter, once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeFields, type TaskFields } from "./encodeFields";

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly atMs: number;
}

/** How a request is answered: by a status, by nothing until the guest gives up, or by a connection that breaks. */
export type Reply = number | "silence" | "reset";

/** A guest's question is held for so long; the real server does so for 10 s. */
const holdMs = 2000;

/** A server of the newer generation, as far as a guest sees it, that keeps what it is sent. */
export class RecordingServer {
  public readonly requests: RecordedRequest[] = [];
  /** Decides how posts are answered. */
  public reply: (request: RecordedRequest) => Reply = () => 200;
  private readonly tasks: Buffer[] = [];
  private readonly news = new EventEmitter().setMaxListeners(0);
  private readonly server = createServer((request, response) => {
    this.handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  private port = 0;

  public static async start(): Promise<RecordingServer> {
    const server = new RecordingServer();
    await server.open();
    return server;
  }

  public get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens, at the same port as before where there was one. */
  public async open(): Promise<void> {
    this.server.listen(this.port, "127.0.0.1");
    await once(this.server, "listening");
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    this.port = address.port;
  }

  /** Ends all connections and refuses new ones. */
  public async close(): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    this.server.closeAllConnections();
    this.news.emit("news");
    await closed;
  }

  public give(fields: TaskFields): void {
    this.giveBytes(encodeFields(fields));
  }

  /** An answer to the next question, whatever it may be. */
  public giveBytes(answer: Buffer): void {
    this.tasks.push(answer);
    this.news.emit("news");
  }

  /** Requests about a task, in the order in which they came. */
  public about(id: string, path?: string): RecordedRequest[] {
    return this.requests.filter(
      (request) => request.query.get("id") === id && (path === undefined || request.path === path),
    );
  }

  /** Waits until there is something to be found among the requests. */
  public async waitFor<T>(what: string, look: () => T | undefined, timeoutMs = 15_000): Promise<T> {
    const abort = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      try {
        await once(this.news, "news", { signal: abort });
      } catch {
        const seen = this.requests.map(({ method, path, query }) => `${method} ${path}?${query.toString()}`);
        throw new Error(
          `after ${timeoutMs} ms still not so: ${what}; the last requests:\n${seen.slice(-8).join("\n")}`,
        );
      }
    }
  }

  /** The post of a task's result that was accepted or refused for good: the `count`-th one, from 1. */
  public waitForResult(id: string, count = 1): Promise<RecordedRequest> {
    return this.waitFor(`result ${count} of ${id}`, () => this.about(id, "/result")[count - 1]);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", headers } = request;
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const recorded = { method, path: pathname, query: searchParams, headers, body, atMs: performance.now() };
    this.requests.push(recorded);
    const isQuestion = method === "GET" && pathname === "/task";
    if (method === "POST") this.answerPost(response, this.reply(recorded));
    else if (!isQuestion) response.end();
    this.news.emit("news");
    if (isQuestion) await this.answerQuestion(response);
  }

  private async answerQuestion(response: ServerResponse): Promise<void> {
    const end = AbortSignal.any([AbortSignal.timeout(holdMs), closeSignal(response)]);
    while (this.tasks.length === 0 && !end.aborted && this.server.listening) {
      await once(this.news, "news", { signal: end }).catch(() => undefined);
    }
    if (response.destroyed) return;
    const answer = this.tasks.shift();
    if (answer === undefined) response.writeHead(204).end();
    else response.end(answer);
  }

  private answerPost(response: ServerResponse, reply: Reply): void {
    if (reply === "silence") return;
    if (reply === "reset") response.destroy();
    else response.writeHead(reply).end();
  }
}

function closeSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    controller.abort();
  });
  return controller.signal;
}

/** Nothing announces that something does not come: this is how long a test looks for it. */
export function quietTime(durationMs: number): Promise<void> {
  return sleep(durationMs);
}
