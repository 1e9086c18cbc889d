import type { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import { ConnectionLostError } from "../errors/connectionLostError";
import { RemoteCommandError } from "../errors/remoteCommandError";
import { RemoteTimeoutError } from "../errors/remoteTimeoutError";
import { SocketForwardRefusedError } from "../errors/socketForwardRefusedError";
import { SudoRefusedError } from "../errors/sudoRefusedError";
import { ChannelSlots } from "./channelSlots";
import { ChannelStream } from "./channelStream";
import type { ChannelOptions, ExecOptions, ExecResult, Host } from "./host";
import { openSession } from "./openSession";
import { quote } from "./quote";
import { runBounded, type Bounds } from "./runBounded";
import { runCommand } from "./runCommand";
import type { SshConnection } from "./sshConnection";
import { stopChannel } from "./stopChannel";
import { TailBuffer } from "./tailBuffer";

/** How much of a failed command's standard error goes into its error. */
const stderrTailBytes = 2048;

/** `sudo -n` itself ends with 1 where it would have to ask; a shell that has no sudo ends with 127. */
const sudoFailureCodes: readonly (number | undefined)[] = [1, 127];

const sudoProbeTimeoutMs = 10_000;

/** A host behind an SSH connection. */
export class SshHost implements Host {
  public readonly name: string;
  public readonly isRoot: boolean;
  public readonly canForwardSockets: boolean;
  public readonly cache = new Map<string, unknown>();
  private readonly slots = new ChannelSlots();
  private commandsLeftBehind = 0;
  private readonly usesSudo: boolean;

  public constructor(
    private readonly connection: SshConnection,
    private readonly login: { name: string; user: string; sudo: boolean },
  ) {
    this.name = login.name;
    this.usesSudo = login.sudo && login.user !== "root";
    this.isRoot = login.user === "root" || login.sudo;
    this.canForwardSockets = !this.usesSudo;
  }

  /**
   * True while a command that was given up may still run there: it holds one of the few sessions that sshd allows
   * on this connection, and new work is better off with a connection of its own.
   */
  public get isWorn(): boolean {
    return this.commandsLeftBehind > 0;
  }

  public async exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const result = await this.execPlain(this.withSudo(argv), argv[0] ?? "", options);
    if (result.exitCode === undefined && result.signal === undefined) {
      throw new ConnectionLostError(this.name, `\`${argv[0] ?? ""}\` ended without an exit code`);
    }
    const refusal = await this.findSudoRefusal(result.exitCode);
    if (refusal !== undefined) throw refusal;
    return result;
  }

  public async openExec(argv: readonly string[], options: ChannelOptions): Promise<Duplex> {
    const command = argv[0] ?? "";
    const bounds = this.bound(`\`${command}\` did not start`, options);
    const commandLine = quote(this.withSudo(argv));
    const { channel, release } = await openSession(
      this.name,
      this.connection,
      this.slots,
      commandLine,
      bounds,
    );
    const stderr = new TailBuffer(stderrTailBytes);
    channel.stderr.on("data", (chunk: Buffer) => {
      stderr.append(chunk);
    });
    return new ChannelStream(channel, {
      lost: this.connection.lost,
      onClosed: release,
      judgeEnd: async (exitCode, signal) => {
        if (exitCode === 0) return undefined;
        const refusal = await this.findSudoRefusal(exitCode).catch(() => undefined);
        return (
          refusal ??
          new RemoteCommandError(command, this.name, { exitCode, signal, stderr: stderr.toString() })
        );
      },
    });
  }

  public openUnixSocket(path: string, options: ChannelOptions): Promise<Duplex> {
    const bounds = this.bound(`The socket ${path} did not open`, options);
    return runBounded<Duplex>(bounds, (settle) => {
      try {
        this.connection.client.openssh_forwardOutStreamLocal(path, (error, channel) => {
          if (error !== undefined) {
            settle.reject(new SocketForwardRefusedError(this.name, path, error.message, error));
          } else if (settle.isOver()) stopChannel(channel);
          else {
            const lost = this.connection.lost;
            settle.resolve(new ChannelStream(channel, { lost, onClosed: () => undefined }));
          }
        });
      } catch (error) {
        settle.reject(new ConnectionLostError(this.name, "the host closed it", error));
      }
      return undefined;
    });
  }

  private withSudo(argv: readonly string[]): readonly string[] {
    return this.usesSudo ? ["sudo", "-n", "--", ...argv] : argv;
  }

  private async execPlain(
    argv: readonly string[],
    command: string,
    options: ExecOptions,
  ): Promise<ExecResult> {
    const deadline = Date.now() + options.timeoutMs;
    const bounds = this.bound(`\`${command}\` was stopped`, options);
    const session = await openSession(this.name, this.connection, this.slots, quote(argv), bounds);
    const remaining: Bounds = { ...bounds, timeoutMs: deadline - Date.now() };
    try {
      return await runCommand(this.name, command, session, options, remaining);
    } catch (error) {
      this.leaveBehind(session.channel);
      throw error;
    }
  }

  private leaveBehind(channel: ClientChannel): void {
    this.commandsLeftBehind += 1;
    channel.once("close", () => {
      this.commandsLeftBehind -= 1;
    });
  }

  /** Tells a refusal by sudo from a failure of the command: by trying a command that cannot fail. */
  private async findSudoRefusal(exitCode: number | undefined): Promise<SudoRefusedError | undefined> {
    if (!this.usesSudo || !sudoFailureCodes.includes(exitCode)) return undefined;
    const probe = await this.execPlain(["sudo", "-n", "--", "true"], "sudo", {
      timeoutMs: sudoProbeTimeoutMs,
    });
    if (probe.exitCode === 0) return undefined;
    return new SudoRefusedError(this.name, this.login.user, probe.stderr);
  }

  private bound(what: string, options: ChannelOptions): Bounds {
    return {
      timeoutMs: options.timeoutMs,
      makeTimeoutError: () => new RemoteTimeoutError(what, this.name, options.timeoutMs),
      signals: [this.connection.lost, ...(options.signal === undefined ? [] : [options.signal])],
    };
  }
}
