import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";

const messageSchema = z.union([
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ desc: z.string() }) }),
  z.object({ event: z.string() }),
  z.object({ QMP: z.unknown() }),
]);

const statusSchema = z.object({ status: z.string() });

const connectTimeoutMs = 10_000;
const stateTimeoutMs = 60_000;

/** The connection to QEMU's monitor (qmp-spec.txt): one command at a time. */
export class QmpConnection {
  private readonly waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on("error", () => undefined);
    socket.once("close", () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error("QEMU has closed its monitor"));
    });
    createInterface({ input: socket }).on("line", (line) => {
      this.receive(line);
    });
  }

  /** Connects as soon as QEMU listens. */
  public static async open(path: string): Promise<QmpConnection> {
    const deadline = Date.now() + connectTimeoutMs;
    for (;;) {
      const socket = connect(path);
      try {
        await once(socket, "connect");
        const connection = new QmpConnection(socket);
        await connection.run("qmp_capabilities");
        return connection;
      } catch (error) {
        socket.destroy();
        if (Date.now() > deadline) throw new Error(`QEMU does not answer at ${path}`, { cause: error });
        await sleep(20);
      }
    }
  }

  public run(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  /** Asks until a query's `status` is another one than those named. */
  public async waitWhile(query: string, ...statuses: string[]): Promise<string> {
    const deadline = Date.now() + stateTimeoutMs;
    for (;;) {
      const { status } = statusSchema.parse(await this.run(query));
      if (!statuses.includes(status)) return status;
      if (Date.now() > deadline) throw new Error(`${query}: still ${status} after ${stateTimeoutMs} ms`);
      await sleep(20);
    }
  }

  public close(): void {
    this.socket.destroy();
  }

  private receive(line: string): void {
    const message = messageSchema.parse(JSON.parse(line));
    if ("error" in message) this.waiting.shift()?.reject(new Error(message.error.desc));
    else if ("return" in message) this.waiting.shift()?.resolve(message.return);
    // Events and the greeting answer nothing.
  }
}
