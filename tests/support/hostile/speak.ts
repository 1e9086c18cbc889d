import { once } from "node:events";
import { connect } from "node:net";
import type { TaskServer } from "../taskServer/taskServer";

const timeoutMs = 20_000;

/** What the server made of some bytes that one connection sent. */
export interface Heard {
  /** The status of each answer, `100` left out. */
  statuses: number[];
  /** All bytes, as latin1. */
  text: string;
  /** The server closed the connection; otherwise it kept it open after its last answer. */
  isClosed: boolean;
}

/**
 * Sends bytes on a connection of its own and listens until the server closes it, or has given so many answers. Without
 * a number, the connection has to be closed by the server.
 */
export async function speak(
  server: TaskServer,
  bytes: string | Buffer,
  { address = "127.0.0.5", answers = Number.POSITIVE_INFINITY } = {},
): Promise<Heard> {
  const { tapIp, tapPort } = server.identity;
  const socket = connect({ host: tapIp, port: tapPort, localAddress: address });
  let text = "";
  const ending = { isClosed: false };
  let wake: () => void = () => undefined;
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    wake();
  });
  socket.once("close", () => {
    ending.isClosed = true;
    wake();
  });
  await once(socket, "connect");
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  const deadline = Date.now() + timeoutMs;
  while (!ending.isClosed && statusesOf(text).length < answers) {
    if (Date.now() > deadline) {
      socket.destroy();
      throw new Error(`no end within ${timeoutMs} ms after: ${text.slice(0, 500)}`);
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadline - Date.now());
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  socket.destroy();
  return { statuses: statusesOf(text), text, ...ending };
}

function statusesOf(text: string): number[] {
  const lines = text.matchAll(/HTTP\/1\.1 (\d{3}) [A-Za-z ]+\r\nDate: /g);
  return [...lines].map(([, status]) => Number(status));
}
