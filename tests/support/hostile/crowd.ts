import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TaskServer } from "../taskServer/taskServer";

/** Connections are opened so many at once: a longer row of them would not fit into the server's backlog. */
const openAtOnce = 100;

const openTimeoutMs = 20_000;

/** Many connections of one hostile guest. */
export class Crowd {
  private readonly sockets: Socket[] = [];
  private readonly closedAt: number[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** What the server has said to them in all. */
  public received = "";

  public constructor(
    private readonly server: TaskServer,
    private readonly address: string,
  ) {}

  /** Opens connections; each says `greeting` at once. */
  public async open(count: number, greeting: string | Buffer = ""): Promise<void> {
    for (let opened = 0; opened < count; opened += openAtOnce) {
      const batch = Array.from({ length: Math.min(openAtOnce, count - opened) }, () =>
        this.openOne(greeting),
      );
      await Promise.all(batch);
    }
  }

  /** From now on each connection sends the next byte of a text once a second. */
  public dribble(text: string, sockets = this.sockets.slice()): void {
    let at = 0;
    this.timer = setInterval(() => {
      for (const socket of sockets) if (!socket.destroyed) socket.write(text[at % text.length] ?? "");
      at += 1;
    }, 1000);
    this.timer.unref();
  }

  /** Connections that the server has closed. */
  public get closed(): number {
    return this.closedAt.length;
  }

  /** How long the connections stayed open, in milliseconds, shortest first. */
  public get lifetimes(): number[] {
    return this.closedAt.toSorted((a, b) => a - b);
  }

  /** Waits until the server has closed all of them. */
  public async untilClosed(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.closed < this.sockets.length) {
      if (Date.now() > deadline) {
        throw new Error(`${this.sockets.length - this.closed} connections are open after ${timeoutMs} ms`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  public end(): void {
    clearInterval(this.timer);
    for (const socket of this.sockets.splice(0)) socket.destroy();
  }

  private async openOne(greeting: string | Buffer): Promise<void> {
    const { tapIp, tapPort } = this.server.identity;
    const socket = connect({ host: tapIp, port: tapPort, localAddress: this.address });
    socket.on("error", () => undefined);
    this.sockets.push(socket);
    await once(socket, "connect", { signal: AbortSignal.timeout(openTimeoutMs) });
    const openedAt = performance.now();
    socket.on("data", (chunk: Buffer) => {
      if (this.received.length < 1_000_000) this.received += chunk.toString("latin1");
    });
    socket.once("close", () => this.closedAt.push(performance.now() - openedAt));
    if (greeting.length > 0) socket.write(greeting);
  }
}
