import type { Duplex } from "node:stream";
import * as z from "zod";
import { runHostProgram } from "../hostProgram/runHostProgram";
import type { Host } from "../ssh/host";
import type { MicroVmInputs } from "./microVmContract";
import { vmArguments } from "./vmArguments";

const endSchema = z.object({
  isEnded: z.boolean(),
  end: z.object({ exitCode: z.number().optional(), signal: z.string().optional() }).default({}),
  serialTail: z.string().default(""),
  apiSocket: z.string().optional(),
});

/** Whether a VM's process has ended, how, and the last that it printed. */
export type VmEnd = z.infer<typeof endSchema>;

/** How a VM ended: by an exit code or a signal; neither is known when its keeper was killed with it. */
export interface VmEnding {
  exitCode: number | undefined;
  signal: string | undefined;
  serialTail: string;
}

const connectTimeoutMs = 15_000;
/** Where sshd forwards no sockets, a process on the host waits this long at a time. */
const roundSeconds = 15;
const answerTimeoutMs = 60_000;

/** Resolves when a VM's process has ended. It waits as long as the signal lets it. */
export async function waitForVmEnd(
  host: Host,
  inputs: MicroVmInputs,
  signal: AbortSignal,
): Promise<VmEnding> {
  let end = await readVmEnd(host, inputs);
  while (!end.isEnded) {
    signal.throwIfAborted();
    const hasWaited = end.apiSocket !== undefined && (await waitForClose(host, end.apiSocket, signal));
    signal.throwIfAborted();
    end = await readVmEnd(host, inputs, hasWaited ? 1 : roundSeconds);
  }
  return { exitCode: end.end.exitCode, signal: end.end.signal, serialTail: end.serialTail };
}

/** Looks, for a bounded time, whether a VM's process has ended. */
export async function readVmEnd(host: Host, inputs: MicroVmInputs, timeoutSeconds = 0): Promise<VmEnd> {
  const answer = await runHostProgram(host, {
    what: "Could not watch the microVM",
    op: "vm.wait_end",
    args: { ...vmArguments(inputs, ""), timeoutSeconds },
    timeoutMs: answerTimeoutMs + timeoutSeconds * 1000,
  });
  return endSchema.parse(answer);
}

/**
 * Holds a connection to the VM's API open: its end is the end of the process, and takes no process on the host to be
 * noticed. False where sshd forwards no sockets.
 */
async function waitForClose(host: Host, path: string, signal: AbortSignal): Promise<boolean> {
  if (!host.canForwardSockets) return false;
  try {
    const stream = await host.openUnixSocket(path, { timeoutMs: connectTimeoutMs, signal });
    try {
      await waitForStreamEnd(stream, signal);
      return true;
    } finally {
      stream.end();
      stream.destroy();
    }
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Nothing but the end ever comes on the stream, and it is noticed only by somebody who reads. */
function waitForStreamEnd(stream: Duplex, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener("abort", settle);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    signal.addEventListener("abort", settle);
    stream.once("end", settle).once("close", settle).on("error", settle);
    stream.resume();
  });
}
