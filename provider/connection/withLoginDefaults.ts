import { connectionDefaults } from "./connectionDefaults";

/**
 * Fills in what a connection means when it leaves `port` and `user` out, for comparing two sets of inputs: naming a
 * default is no change, and must not replace a server.
 */
export function withLoginDefaults(inputs: object): object {
  const { connection } = inputs as { connection?: unknown };
  if (typeof connection !== "object" || connection === null) return inputs;
  const { port = connectionDefaults.port, user = connectionDefaults.user } = connection as {
    port?: unknown;
    user?: unknown;
  };
  return { ...inputs, connection: { ...connection, port, user } };
}
