import { FcAgentsError } from "./fcAgentsError";

/** Thrown when ~/.ssh/config asks for something that cannot be followed. */
export class SshConfigError extends FcAgentsError {
  public constructor(reason: string, hint?: string, cause?: unknown) {
    super({ what: "Could not follow ~/.ssh/config", reason, hint, cause });
  }
}
