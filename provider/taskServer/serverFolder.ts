import { createHash } from "node:crypto";
import type { ServerIdentity } from "./serverIdentity";

/** With the folder of all servers and the socket's name, the whole path has to fit into a socket's 107 bytes. */
const longestNamespace = 32;

/**
 * The name of a server's folder on the host: namespace, address and port. The namespace is tagged, so that one that is
 * named `host` is not taken for none, and hashed where it is long.
 */
export function serverFolder({ netns, tapIp, tapPort }: ServerIdentity): string {
  return `${tagNamespace(netns)},${tapIp},${tapPort}`;
}

function tagNamespace(netns: string | undefined): string {
  if (netns === undefined) return "host";
  if (netns.length <= longestNamespace) return `ns-${netns}`;
  return `nsh-${createHash("sha256").update(netns).digest("hex").slice(0, 32)}`;
}
