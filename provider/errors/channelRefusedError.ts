import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a host refuses to start a remote command. */
export class ChannelRefusedError extends FcAgentsError {
  public constructor(host: string, reason: string, cause?: unknown) {
    super({
      what: "Could not start a command",
      host,
      reason,
      hint: "Look at `MaxSessions`, `ForceCommand` and the user's login shell on the host.",
      cause,
    });
  }
}
