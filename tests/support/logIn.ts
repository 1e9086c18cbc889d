import { connectionSchema } from "../../provider/connection/connectionSchema";
import { withHost } from "../../provider/ssh/hostPool";

/** Logs in and runs one command there; returns what it printed: "logged in". */
export async function logIn(connection: object, options: { signal?: AbortSignal } = {}): Promise<string> {
  return withHost(
    connectionSchema.parse(connection),
    async (host) => {
      const { stdout } = await host.exec(["echo", "logged in"], { timeoutMs: 10_000 });
      return stdout.toString().trim();
    },
    options,
  );
}
