import { once } from "node:events";
import { createReadStream } from "node:fs";
import type { Duplex } from "node:stream";
import { HostRefusedError } from "../errors/hostRefusedError";
import { RemoteTimeoutError } from "../errors/remoteTimeoutError";
import type { Host } from "../ssh/host";
import { hostArchive } from "./hostArchive";
import { readAnswer } from "./readAnswer";
import { refusalSchema } from "./refusalSchema";
import { bootstrapText } from "./runArchive";
import type { HostCommand } from "./runHostProgram";

/** Most bytes of what the program prints: lines of progress and a short answer. */
const maxOutputBytes = 1024 * 1024;

/**
 * Has the host program do one thing with local files, which it reads from its standard input behind the command, one
 * after the other. They are read piece by piece, as fast as the host takes them. The operation has to know their sizes.
 *
 * @throws HostRefusedError when the host cannot do it. It may do so before all was sent.
 */
export async function runHostProgramWithFiles(
  host: Host,
  command: HostCommand,
  paths: readonly string[],
): Promise<unknown> {
  const { what, op, args, timeoutMs } = command;
  const stream = await host.openExec(["python3", "-IS", "-c", bootstrapText(), "fc_host.loader"], {
    timeoutMs,
  });
  const timer = setTimeout(() => {
    stream.destroy(new RemoteTimeoutError("`python3` was stopped", host.name, timeoutMs));
  }, timeoutMs);
  try {
    const archive = hostArchive(op);
    const head = [
      Buffer.from(`${archive.length}\n`),
      archive,
      Buffer.from(`${JSON.stringify({ op, args })}\n`),
    ];
    const [output] = await Promise.all([collect(stream, command), send(stream, head, paths)]);
    const value: unknown = JSON.parse(output);
    const refusal = refusalSchema.safeParse(value);
    if (refusal.success) throw new HostRefusedError(what, host.name, refusal.data.error);
    return value;
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

async function collect(stream: Duplex, command: HostCommand): Promise<string> {
  const answer = readAnswer(command.onProgress);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxOutputBytes) throw new Error(`${command.op} printed more than ${maxOutputBytes} bytes`);
    chunks.push(chunk);
    answer.take(chunk);
  }
  return answer.end(Buffer.concat(chunks));
}

/** Stops without an error when the program ends before it has read all: then its answer says why. */
async function send(stream: Duplex, head: readonly Buffer[], paths: readonly string[]): Promise<void> {
  for (const part of head) await write(stream, part);
  for (const path of paths) {
    const file = createReadStream(path) as AsyncIterable<Buffer>;
    for await (const chunk of file) {
      if (!(await write(stream, chunk))) return;
    }
  }
  stream.end();
}

/** Waits while the host does not take more. False when it takes nothing any more. */
async function write(stream: Duplex, chunk: Buffer): Promise<boolean> {
  if (stream.destroyed || stream.writableEnded) return false;
  if (stream.write(chunk)) return true;
  const over = new AbortController();
  try {
    const { signal } = over;
    await Promise.race([once(stream, "drain", { signal }), once(stream, "close", { signal })]);
  } catch {
    // The stream has failed: its reader tells why.
  } finally {
    over.abort();
  }
  return !stream.destroyed;
}
