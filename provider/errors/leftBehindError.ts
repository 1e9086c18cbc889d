import { FcAgentsError } from "./fcAgentsError";
import type { HostUnreachableError } from "./hostUnreachableError";

/** Thrown by a destroy that cannot reach the host, since something of the stack's may still be there. */
export class LeftBehindError extends FcAgentsError {
  /** `noun` is what should have been removed: "the task server". */
  public constructor(noun: string, verb: "stop" | "remove", cause: HostUnreachableError) {
    super({
      what: `Could not ${verb} ${noun}`,
      host: cause.host ?? "its host",
      reason: cause.reason,
      hint: "If the host is gone for good, run `pulumi up` with `deleteUnreachable: true` (it touches no host), then destroy.",
      cause,
    });
  }
}
