import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ControlChannel } from "../../../provider/taskServer/controlChannel";
import { ControlClient, RequestRefusedError } from "../../../provider/taskServer/controlClient";
import type { TaskServer } from "../taskServer/taskServer";

const pauseMs = 10;

/**
 * A conversation with a server that is killed again and again: held anew until it comes to its end, as an `AgentRun`
 * does it, without the processes on the host that would slow a test down.
 */
export async function persistently<T>(
  server: TaskServer,
  work: (client: ControlClient) => Promise<T>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await converse(server, work);
    } catch (error) {
      if (error instanceof RequestRefusedError || Date.now() > deadline) throw error;
      await sleep(pauseMs);
    }
  }
}

async function converse<T>(server: TaskServer, work: (client: ControlClient) => Promise<T>): Promise<T> {
  const path = join(server.folder, "control.sock");
  const channel = new ControlChannel(await server.host.openUnixSocket(path));
  try {
    return await work(new ControlClient(channel, server.host.name));
  } finally {
    channel.close();
  }
}
