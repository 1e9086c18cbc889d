import { setTimeout as sleep } from "node:timers/promises";
import { callApi } from "./callApi";

const pauseMs = 10;
/** The socket is there before somebody listens on it. */
const transient = new Set(["ENOENT", "ECONNREFUSED"]);

/** Waits until Firecracker answers; `checkAlive` throws when it has ended. */
export async function waitForApi(
  socket: string,
  checkAlive: () => void = () => undefined,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    checkAlive();
    try {
      await callApi(socket, "GET", "/");
      return;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (!transient.has(code) || Date.now() > deadline) throw error;
    }
    await sleep(pauseMs);
  }
}
