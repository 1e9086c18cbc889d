import { FcAgentsError } from "./fcAgentsError";

/** Thrown when host and client cannot agree on how to talk SSH; trying again would not help. */
export class SshHandshakeError extends FcAgentsError {
  public constructor(host: string, reason: string, cause?: unknown) {
    super({ what: "The SSH handshake failed", host, reason, cause });
  }
}
