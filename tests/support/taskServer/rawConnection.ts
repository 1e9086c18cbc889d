import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TaskServer } from "./taskServer";

export interface RawResponse {
  status: number;
  /** With names in lower case. */
  headers: Map<string, string>;
  body: string;
}

const answerTimeoutMs = 15_000;

/** A connection to the guest side on which a test says exactly the bytes that it wants to. */
export class RawConnection {
  private received = Buffer.alloc(0);
  private isEnded = false;
  private wake: () => void = () => undefined;

  private constructor(public readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isEnded = true;
      this.wake();
    });
  }

  public static async open(server: TaskServer, localAddress = "127.0.0.1"): Promise<RawConnection> {
    const { tapIp, tapPort } = server.identity;
    const socket = connect({ host: tapIp, port: tapPort, localAddress, noDelay: true });
    const connection = new RawConnection(socket);
    await once(socket, "connect");
    return connection;
  }

  public send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Reads one response. `hasBody: false` is for the answer to HEAD. */
  public async read({ hasBody = true } = {}): Promise<RawResponse> {
    const head = await this.takeHead();
    const [statusLine = "", ...lines] = head.split("\r\n");
    const match = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine);
    assert.ok(match, `not a status line: ${statusLine}`);
    const headers = new Map(lines.map((line): [string, string] => splitField(line)));
    const length = hasBody ? Number(headers.get("content-length") ?? 0) : 0;
    await this.until(() => this.received.length >= length);
    return { status: Number(match[1]), headers, body: this.take(length).toString("utf8") };
  }

  /** Sends a request and reads its response. */
  public async ask(bytes: string): Promise<RawResponse> {
    this.send(bytes);
    return this.read();
  }

  /** Waits until the server has closed the connection, and returns what it had sent before. */
  public async readToEnd(): Promise<string> {
    await this.until(() => this.isEnded);
    return this.received.toString("utf8");
  }

  public close(): void {
    this.socket.destroy();
  }

  /** Ends the connection with a reset, as a machine does that was switched off and on. */
  public reset(): void {
    this.socket.resetAndDestroy();
  }

  private async takeHead(): Promise<string> {
    await this.until(() => this.received.includes("\r\n\r\n"));
    const head = this.take(this.received.indexOf("\r\n\r\n") + 4);
    return head.subarray(0, -4).toString("latin1");
  }

  private take(count: number): Buffer {
    const taken = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return taken;
  }

  private async until(holds: () => boolean): Promise<void> {
    const deadline = Date.now() + answerTimeoutMs;
    while (!holds()) {
      const remaining = deadline - Date.now();
      assert.ok(!this.isEnded, `the server closed the connection after: ${this.received.toString("latin1")}`);
      assert.ok(remaining > 0, `no more bytes within ${answerTimeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, remaining);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
