import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** Hands out one task to whoever asks first, and keeps the result that comes back. */
export class OneTask {
  public result: string | undefined;
  private isGiven = false;
  private readonly server = createServer((request, response) => {
    this.handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });

  private constructor(private readonly task: object) {}

  public static async serve(task: object): Promise<OneTask> {
    const one = new OneTask(task);
    one.server.listen(0, "127.0.0.1");
    await once(one.server, "listening");
    return one;
  }

  public get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    return address.port;
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
    if (request.url === "/task") {
      if (this.isGiven) response.writeHead(204).end();
      else response.end(JSON.stringify(this.task));
      this.isGiven = true;
      return;
    }
    if (request.url?.startsWith("/result") === true) this.result = Buffer.concat(chunks).toString("utf8");
    response.end();
  }
}
