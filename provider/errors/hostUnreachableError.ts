import { FcAgentsError } from "./fcAgentsError";

/** Thrown when no attempt to reach a host over SSH succeeded. Nothing was done on the host. */
export class HostUnreachableError extends FcAgentsError {
  /** `reason` names the last attempt: "attempt 10 of 10: connection refused". */
  public constructor(host: string, reason: string, hint?: string, cause?: unknown) {
    super({ what: "Could not log in over SSH", host, reason, hint, cause });
  }
}
