import { FcAgentsError } from "./fcAgentsError";

/** Thrown when nobody listens at the API socket of a microVM. */
export class FirecrackerUnreachableError extends FcAgentsError {
  public constructor(host: string, socketPath: string, reason: string, cause?: unknown) {
    super({
      what: `Could not reach Firecracker's API at ${socketPath}`,
      host,
      reason,
      hint: "The microVM's process has not started or has ended; its serial log says more.",
      cause,
    });
  }
}
