import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a host shows a key that a known_hosts file marks as `@revoked`. */
export class HostKeyRevokedError extends FcAgentsError {
  public constructor(host: string, presented: string, knownHostsPath: string) {
    super({
      what: "The host key is revoked",
      host,
      reason: `the host presents ${presented}, which ${knownHostsPath} marks as @revoked`,
      hint: "Nothing was sent to it. Give the host a new key, and enter that one.",
    });
  }
}
