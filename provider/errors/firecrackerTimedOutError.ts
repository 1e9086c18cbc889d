import { FcAgentsError } from "./fcAgentsError";
import type { FirecrackerCall } from "./firecrackerFaultError";

/** Thrown when Firecracker's API does not answer in time. */
export class FirecrackerTimedOutError extends FcAgentsError {
  public constructor(host: string, { method, path }: FirecrackerCall, timeoutMs: number) {
    super({
      what: `Firecracker did not answer \`${method} ${path}\``,
      host,
      reason: `no whole answer came within ${timeoutMs / 1000} s`,
      hint: "A host without free memory or with a slow disk may be the cause; the microVM's process may also be stopped.",
    });
  }
}
