import type { Connection } from "../connection/connectionSchema";
import { resolveEndpoint } from "./resolveEndpoint";

/** What makes two connections lead to the same user on the same host. */
export interface ConnectionIdentity {
  host: string;
  port: number;
  user: string;
  sudo: boolean;
}

/**
 * Completes the identifying part of a connection from ~/.ssh/config and the defaults, so that writing out a
 * default, or an alias's real name, is no other host. Reads local files only.
 */
export async function identifyConnection(connection: Connection): Promise<ConnectionIdentity> {
  const { host, port, user } = await resolveEndpoint(connection);
  return { host: host.toLowerCase(), port, user, sudo: connection.sudo && user !== "root" };
}
