import { RemoteOutputTooLargeError } from "../errors/remoteOutputTooLargeError";
import type { ExecOptions, ExecResult } from "./host";
import type { Session } from "./openSession";
import { runBounded, type Bounds } from "./runBounded";
import { stopChannel } from "./stopChannel";
import { TailBuffer } from "./tailBuffer";

const stderrLimitBytes = 64 * 1024;
const defaultMaxOutputBytes = 1024 * 1024;

/** Feeds a command that has started, collects what it prints, and waits for its end. */
export async function runCommand(
  hostName: string,
  command: string,
  { channel, release }: Session,
  options: Pick<ExecOptions, "stdin" | "maxOutputBytes" | "onOutput">,
  bounds: Bounds,
): Promise<ExecResult> {
  const maxOutputBytes = options.maxOutputBytes ?? defaultMaxOutputBytes;
  channel.on("close", release);
  try {
    return await runBounded<ExecResult>(bounds, (settle) => {
      const stdout: Buffer[] = [];
      const stderr = new TailBuffer(stderrLimitBytes);
      let size = 0;
      channel.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxOutputBytes) {
          stdout.push(chunk);
          options.onOutput?.(chunk);
        } else settle.reject(new RemoteOutputTooLargeError(command, hostName, maxOutputBytes));
      });
      channel.stderr.on("data", (chunk: Buffer) => {
        stderr.append(chunk);
      });
      // Not 'exit': a command that ends at once may have exited before anybody could listen.
      channel.on("close", (code?: number | null, signal?: string) => {
        settle.resolve({
          exitCode: code ?? undefined,
          signal,
          stdout: Buffer.concat(stdout),
          stderr: stderr.toString(),
        });
      });
      // A command may end without having read its input.
      channel.on("error", () => undefined);
      channel.end(options.stdin === undefined ? undefined : toBuffer(options.stdin));
      return undefined;
    });
  } catch (error) {
    stopChannel(channel);
    throw error;
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
