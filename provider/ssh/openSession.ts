import { setTimeout as sleep } from "node:timers/promises";
import type { ClientChannel } from "ssh2";
import { ChannelRefusedError } from "../errors/channelRefusedError";
import { ConnectionLostError } from "../errors/connectionLostError";
import type { ChannelSlots } from "./channelSlots";
import { runBounded, type Bounds } from "./runBounded";
import type { SshConnection } from "./sshConnection";
import { stopChannel } from "./stopChannel";

/** RFC 4254: a channel that will always be refused. */
const administrativelyProhibited = 1;

/** sshd frees a session a moment after it has closed its channel; waits before asking again. */
const freeingWaitsMs = [5, 20, 50, 100, 200, 400];

export interface Session {
  channel: ClientChannel;
  /** Gives the slot back; to be called when the channel is closed. */
  release: () => void;
}

/** Starts a command in a channel of its own, as soon as fewer commands run than sshd allows. */
export async function openSession(
  hostName: string,
  connection: SshConnection,
  slots: ChannelSlots,
  commandLine: string,
  bounds: Bounds,
): Promise<Session> {
  const deadline = Date.now() + bounds.timeoutMs;
  const waits = [...freeingWaitsMs];
  for (;;) {
    const remaining: Bounds = { ...bounds, timeoutMs: deadline - Date.now() };
    const release = await slots.take(remaining);
    try {
      const channel = await startCommand(hostName, connection, commandLine, remaining);
      return { channel, release };
    } catch (error) {
      const isBusy = error instanceof RefusedOpen && error.reason !== administrativelyProhibited;
      const isOtherOpen = isBusy && slots.shrink();
      release();
      if (!(error instanceof RefusedOpen)) throw error;
      const waitMs = isOtherOpen ? 0 : waits.shift();
      if (!isBusy || waitMs === undefined) {
        throw new ChannelRefusedError(hostName, error.message, error.cause);
      }
      if (waitMs > 0) await sleep(waitMs);
    }
  }
}

/** The host did not open a channel; `reason` is a code of RFC 4254, where it gave one. */
class RefusedOpen extends Error {
  public constructor(
    message: string,
    public readonly reason: number | undefined,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

function startCommand(
  hostName: string,
  connection: SshConnection,
  commandLine: string,
  bounds: Bounds,
): Promise<ClientChannel> {
  return runBounded<ClientChannel>(bounds, (settle) => {
    try {
      connection.client.exec(commandLine, (error, channel) => {
        if (error !== undefined) {
          const reason = "reason" in error && typeof error.reason === "number" ? error.reason : undefined;
          settle.reject(new RefusedOpen(error.message, reason, error));
        } else if (settle.isOver()) stopChannel(channel);
        else settle.resolve(channel);
      });
    } catch (error) {
      // ssh2 throws where the socket has gone but the 'close' event is still to come.
      settle.reject(new ConnectionLostError(hostName, "the host closed it", error));
    }
    return undefined;
  });
}
