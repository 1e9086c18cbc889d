import { FcAgentsError } from "./fcAgentsError";
import type { FirecrackerCall } from "./firecrackerFaultError";

/** Thrown when Firecracker's API gives no whole, readable answer: it cannot be told whether the call was carried out. */
export class FirecrackerAnswerError extends FcAgentsError {
  public constructor(host: string, { method, path }: FirecrackerCall, reason: string, cause?: unknown) {
    super({
      what: `\`${method} ${path}\` of Firecracker's API failed`,
      host,
      reason,
      hint: "The microVM's process may have ended; its serial log says more.",
      cause,
    });
  }
}
