import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { SocketForwardRefusedError } from "../errors/socketForwardRefusedError";
import { forwardingRefused } from "../ssh/forwardingRefused";
import type { ChannelOptions, Host } from "../ssh/host";

/** With these exit codes socketRelay.py says why it did not connect. */
export const relayExitCodes = { noSuchSocket: 66, nobodyListens: 69 } as const;

/** A connection to an API socket, and how it came about. */
export interface ApiSocket {
  stream: Duplex;
  /** Told when the first answer has come: then it was sshd who refused to forward, and it need not be asked again. */
  onAnswer: () => Promise<void>;
}

/**
 * Connects to a Unix socket on the host: through sshd itself, which takes no process there, or, where sshd forbids
 * that or with `sudo`, through a relay that runs from memory. That nobody listens shows in the relay's exit code.
 */
export async function openApiSocket(host: Host, path: string, options: ChannelOptions): Promise<ApiSocket> {
  const isForwarding = host.canForwardSockets && host.cache.get(forwardingRefused) !== true;
  const stream = isForwarding ? await tryToForward(host, path, options) : undefined;
  if (stream !== undefined) return { stream, onAnswer: () => Promise.resolve() };
  return {
    stream: await host.openExec(["python3", "-IS", "-c", relayText(), path], options),
    onAnswer: async () => {
      if (!isForwarding) return;
      // The socket may just have been late: only a refusal while somebody answers there is sshd's.
      const second = await tryToForward(host, path, options);
      if (second === undefined) host.cache.set(forwardingRefused, true);
      second?.destroy();
    },
  };
}

/** Answers nothing when sshd does not connect: it does not say whether it may not or nobody listens. */
async function tryToForward(host: Host, path: string, options: ChannelOptions): Promise<Duplex | undefined> {
  try {
    return await host.openUnixSocket(path, options);
  } catch (error) {
    if (error instanceof SocketForwardRefusedError) return undefined;
    throw error;
  }
}

function relayText(): string {
  return readFileSync(join(__dirname, "socketRelay.py"), "utf8");
}
