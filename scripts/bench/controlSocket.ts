import { once } from "node:events";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { ControlChannel } from "../../provider/taskServer/controlChannel";
import { ControlClient } from "../../provider/taskServer/controlClient";
import { serverFolder } from "../../provider/taskServer/serverFolder";
import { stateRoot } from "../../tests/support/namespace";
import type { Place } from "./benchHost";

/** Conversations at once, so that submissions share their commits. */
const conversations = 32;

/** Queues tasks past SSH, as the preparation of a load. Each has an owner of its own, or it would withdraw another. */
export async function queueTasks(place: Place, count: number, name: string): Promise<void> {
  let next = 0;
  const submitSome = async (): Promise<void> => {
    const socket = connect(join(findStateRoot(), serverFolder(place), "control.sock"));
    await once(socket, "connect");
    const channel = new ControlChannel(socket);
    const client = new ControlClient(channel, "the bench");
    try {
      while (next < count) {
        next += 1;
        const id = `${name}-${next}`;
        await client.submit({ id, owner: id, injected: false, maxAttempts: 1, fields: { prompt: "p" } });
      }
    } finally {
      channel.close();
    }
  };
  await Promise.all(Array.from({ length: conversations }, submitSome));
}

function findStateRoot(): string {
  if (process.getuid?.() === 0) return stateRoot;
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), ".local", "state"), "fc-agents");
}
