import type { Duplex } from "node:stream";
import { once } from "node:events";

/** No answer line is longer: results travel as raw bytes behind their line. */
const maxLineBytes = 4 * 1024 * 1024;

/**
 * One conversation with a task server's control socket: JSON lines in both directions, and raw bytes where an answer
 * announces them. It knows nothing of what the lines mean.
 */
export class ControlChannel {
  private readonly chunks: AsyncIterator<Buffer>;
  private buffered: Buffer = Buffer.alloc(0);

  public constructor(private readonly stream: Duplex) {
    this.chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    // Failures reach the caller through the iterator; without a listener the event would end the process.
    stream.on("error", () => undefined);
  }

  public async send(request: object): Promise<void> {
    if (!this.stream.write(`${JSON.stringify(request)}\n`) && !this.stream.destroyed) {
      await Promise.race([once(this.stream, "drain"), once(this.stream, "close")]);
    }
  }

  /** Reads one JSON line. Throws `ControlChannelClosedError` when the other side ended before it was whole. */
  public async readLine(): Promise<unknown> {
    const parts: Buffer[] = [];
    let length = 0;
    for (;;) {
      const end = this.buffered.indexOf(0x0a);
      if (end >= 0) {
        parts.push(this.take(end + 1));
        return JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown;
      }
      length += this.buffered.length;
      if (length > maxLineBytes)
        throw new Error(`The task server sent a line of more than ${maxLineBytes} bytes`);
      parts.push(this.take(this.buffered.length));
      await this.fill();
    }
  }

  /** Reads exactly so many raw bytes and hands them on piece by piece, waiting for each piece to be taken. */
  public async readBytes(count: number, onChunk: (chunk: Buffer) => void | Promise<void>): Promise<void> {
    let missing = count;
    while (missing > 0) {
      if (this.buffered.length === 0) await this.fill();
      const chunk = this.take(Math.min(missing, this.buffered.length));
      missing -= chunk.length;
      await onChunk(chunk);
    }
  }

  public async readBuffer(count: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.readBytes(count, (chunk) => void chunks.push(chunk));
    return Buffer.concat(chunks);
  }

  public close(): void {
    this.stream.end();
    this.stream.destroy();
  }

  private take(count: number): Buffer {
    const taken = this.buffered.subarray(0, count);
    this.buffered = this.buffered.subarray(count);
    return taken;
  }

  private async fill(): Promise<void> {
    const next = await this.chunks.next();
    if (next.done === true) throw new ControlChannelClosedError();
    this.buffered = next.value;
  }
}

/** Thrown when the task server's side of a conversation ends in the middle of it. */
export class ControlChannelClosedError extends Error {
  public constructor() {
    super("the connection to the task server ended early");
    this.name = "ControlChannelClosedError";
  }
}
