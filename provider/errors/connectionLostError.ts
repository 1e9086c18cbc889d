import { FcAgentsError } from "./fcAgentsError";

/** Thrown when an SSH connection breaks while it is in use. Whether the last command took effect is not known. */
export class ConnectionLostError extends FcAgentsError {
  public constructor(host: string, reason: string, cause?: unknown) {
    super({ what: "The SSH connection was lost", host, reason, cause });
  }
}
