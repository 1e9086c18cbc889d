import type { Duplex } from "node:stream";

export interface ChannelOptions {
  /** Bound of the operation, the wait for a free channel included. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface ExecOptions extends ChannelOptions {
  /** What the command reads; without it, its standard input is empty. */
  stdin?: Uint8Array;
  /** Most bytes of standard output, 1 MiB by default; more ends the command with an error. */
  maxOutputBytes?: number;
  /** Told of standard output as it comes; the result has all of it nevertheless. */
  onOutput?: (chunk: Buffer) => void;
}

export interface ExecResult {
  /** Absent when a signal ended the command. */
  exitCode: number | undefined;
  /** `SIGTERM` and so on. */
  signal: string | undefined;
  stdout: Buffer;
  /** The last 64 KiB of standard error. */
  stderr: string;
}

/** A host that is connected. It may be used until the work that got it from `withHost` has ended. */
export interface Host {
  /** `root@fc.example.com:22`, for messages. */
  readonly name: string;
  /** True for root, and where commands run through sudo. */
  readonly isRoot: boolean;
  /** False with sudo: sshd opens sockets as the user who logged in, and ours belong to root then. */
  readonly canForwardSockets: boolean;
  /** Runs a command to its end. Only a failure to run it is an error; its exit code is in the result. */
  exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult>;
  /**
   * Starts a command whose standard input and output are the stream. Its failure destroys the stream with a
   * `RemoteCommandError`. The time-out bounds the start only.
   */
  openExec(argv: readonly string[], options: ChannelOptions): Promise<Duplex>;
  /** Connects to a Unix socket on the host, without a process there. */
  openUnixSocket(path: string, options: ChannelOptions): Promise<Duplex>;
  /** Facts about the host that hold for the connection's life. */
  readonly cache: Map<string, unknown>;
}
