import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import * as z from "zod";
import { streamMessage, type Answer } from "./modelMessage";

/** A refusal, in the API's own shape. */
interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a question is answered; `hang`: never. */
export type Reply = Answer | Refusal | "hang";

const questionSchema = z.object({
  system: z.unknown(),
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
});
export type Question = z.infer<typeof questionSchema> & { authorization: string | undefined };

/** Stands in for the model's API on loopback, and for the proxy through which all other traffic would have to go. */
export class ModelApi {
  public readonly questions: Question[] = [];
  /** Hosts that the agent wanted to reach beside the API, and paths of the API that are not there. */
  public readonly strangers: string[] = [];
  private replies: readonly Reply[] = [];
  private readonly server = createServer((request, response) => {
    this.handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  }).on("connect", ({ url = "" }: IncomingMessage, socket) => {
    this.strangers.push(url);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  private port = 0;

  public static async start(): Promise<ModelApi> {
    const api = new ModelApi();
    api.server.listen(0, "127.0.0.1");
    await once(api.server, "listening");
    const address = api.server.address();
    if (address === null || typeof address === "string") throw new Error("the API has no port");
    api.port = address.port;
    return api;
  }

  public get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From now on these are the answers of a conversation, in their order; the last one again and again. */
  public expect(...replies: readonly Reply[]): void {
    this.replies = replies;
    this.questions.length = 0;
  }

  public async close(): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname } = new URL(request.url ?? "/", this.url);
    if (request.method !== "POST" || pathname !== "/v1/messages") {
      this.strangers.push(`${request.method} ${request.url}`);
      refuse(response, { status: 404, type: "not_found_error", message: "There is nothing here" });
      return;
    }
    const asked = questionSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
    this.questions.push({ ...asked, authorization: request.headers.authorization });
    // By the answers that it was given, not by the requests: a refused one is sent again.
    const turn = asked.messages.filter(({ role }) => role === "assistant").length;
    const reply = this.replies[turn] ?? this.replies.at(-1) ?? "hang";
    if (reply === "hang") return;
    if ("status" in reply) refuse(response, reply);
    else
      response
        .writeHead(200, { "Content-Type": "text/event-stream" })
        .end(streamMessage(reply, asked.model, this.questions.length));
  }
}

function refuse(response: ServerResponse, { status, type, message, headers }: Refusal): void {
  response
    .writeHead(status, { "Content-Type": "application/json", ...headers })
    .end(JSON.stringify({ type: "error", error: { type, message } }));
}
