import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a remote command or channel takes longer than it may. */
export class RemoteTimeoutError extends FcAgentsError {
  public constructor(what: string, host: string, timeoutMs: number) {
    super({ what, host, reason: `no end after ${timeoutMs / 1000} s` });
  }
}
