import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { RemoteCommandError } from "../../../provider/errors/remoteCommandError";
import { RemoteTimeoutError } from "../../../provider/errors/remoteTimeoutError";
import { SocketForwardRefusedError } from "../../../provider/errors/socketForwardRefusedError";
import type { ExecOptions, ExecResult, Host } from "../../../provider/ssh/host";

/** The system's own commands first, as a login over SSH finds them. */
const loginPath = `/usr/bin:/bin:${process.env.PATH ?? ""}`;

export interface LocalHostOptions {
  /** False is a host that is reached with `sudo`, or whose sshd forwards no sockets. Default: true. */
  canForwardSockets?: boolean;
}

/** This machine as a host, without SSH: commands are children, sockets are opened directly. */
export class LocalHost implements Host {
  public readonly name = "root@localhost";
  public readonly isRoot = process.getuid?.() === 0;
  public readonly canForwardSockets: boolean;
  public readonly cache = new Map<string, unknown>();
  /** Commands that were run, for tests that count them. */
  public readonly commands: (readonly string[])[] = [];

  public constructor({ canForwardSockets = true }: LocalHostOptions = {}) {
    this.canForwardSockets = canForwardSockets;
  }

  public async exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const child = this.start(argv);
    const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    child.stdout.on("data", (chunk: Buffer) => chunks.stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.stderr.push(chunk));
    // A command may end without having read its input.
    child.stdin.on("error", () => undefined).end(options.stdin ?? "");
    const timer = setTimeout(() => child.kill("SIGXCPU"), options.timeoutMs);
    const [exitCode, signal] = (await once(child, "close")) as [number | null, string | null];
    clearTimeout(timer);
    if (signal === "SIGXCPU") throw new RemoteTimeoutError(argv[0] ?? "", this.name, options.timeoutMs);
    return {
      exitCode: exitCode ?? undefined,
      signal: signal ?? undefined,
      stdout: Buffer.concat(chunks.stdout),
      stderr: Buffer.concat(chunks.stderr).toString("utf8"),
    };
  }

  public async openExec(argv: readonly string[]): Promise<Duplex> {
    const child = this.start(argv);
    await once(child, "spawn");
    const stderr: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
    child.once("close", (code: number | null, signal: string | null) => {
      if (code === 0 || stream.destroyed) return;
      const end = { exitCode: code ?? undefined, signal: signal ?? undefined };
      const said = Buffer.concat(stderr).toString("utf8");
      stream.destroy(new RemoteCommandError(argv[0] ?? "", this.name, { ...end, stderr: said }));
    });
    return stream;
  }

  public async openUnixSocket(path: string): Promise<Duplex> {
    const socket = connect(path);
    try {
      await once(socket, "connect");
    } catch (error) {
      throw new SocketForwardRefusedError(this.name, path, String(error), error);
    }
    return socket;
  }

  private start(argv: readonly string[]): ChildProcessWithoutNullStreams {
    this.commands.push(argv);
    const [command = "", ...args] = argv;
    return spawn(command, args, { stdio: "pipe", env: { ...process.env, PATH: loginPath } });
  }
}
