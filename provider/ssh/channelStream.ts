import { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import { stopChannel } from "./stopChannel";

export interface ChannelStreamOptions {
  /** Aborted when the connection is lost. */
  lost: AbortSignal;
  /**
   * For a command: judges its end, an error if it failed. The end of the readable side waits for it, so that
   * nobody takes cut-off output for the whole. A socket has no such verdict.
   */
  judgeEnd?: (exitCode: number | undefined, signal: string | undefined) => Promise<Error | undefined>;
  onClosed: () => void;
}

/**
 * A channel as an ordinary Duplex: ssh2's own never emits 'error', may swallow a write's callback, and emits
 * 'close' only to those who end it first.
 */
export class ChannelStream extends Duplex {
  private isChannelClosed = false;
  private finishWrite: (() => void) | undefined;

  public constructor(
    private readonly channel: ClientChannel,
    private readonly options: ChannelStreamOptions,
  ) {
    super({ allowHalfOpen: false });
    channel.on("data", (chunk: Buffer) => {
      if (!this.destroyed && !this.push(chunk)) channel.pause();
    });
    channel.on("end", () => {
      if (options.judgeEnd === undefined && !this.destroyed) this.push(null);
    });
    // A write to a channel that the host has just closed; what matters is how the channel ended.
    channel.on("error", () => undefined);
    // Not 'exit': a command that ends at once may have exited before anybody could listen.
    channel.on("close", (code?: number | null, signal?: string) => {
      this.isChannelClosed = true;
      this.finishWrite?.();
      options.onClosed();
      void this.finish(code ?? undefined, signal);
    });
    options.lost.addEventListener("abort", this.onLost);
    // Who reads, writes or waits for the end gets the error. A stream that was left behind must not end the process.
    this.on("error", () => undefined);
  }

  public override _read(): void {
    this.channel.resume();
  }

  /** What is written after the host has closed the channel is dropped: the readable side tells how it ended. */
  public override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.finishWrite = (): void => {
      this.finishWrite = undefined;
      done();
    };
    if (this.isChannelClosed) this.finishWrite();
    else this.channel.write(chunk, () => this.finishWrite?.());
  }

  public override _final(done: (error?: Error | null) => void): void {
    this.channel.end();
    done();
  }

  public override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.options.lost.removeEventListener("abort", this.onLost);
    if (!this.isChannelClosed) stopChannel(this.channel);
    done(error);
  }

  private readonly onLost = (): void => {
    this.options.onClosed();
    const reason: unknown = this.options.lost.reason;
    this.destroy(reason instanceof Error ? reason : undefined);
  };

  private async finish(exitCode: number | undefined, signal: string | undefined): Promise<void> {
    const error = this.destroyed ? undefined : await this.options.judgeEnd?.(exitCode, signal);
    if (this.destroyed) return;
    if (error !== undefined) this.destroy(error);
    else if (this.options.judgeEnd !== undefined) this.push(null);
  }
}
