import { FcAgentsError } from "./fcAgentsError";

/** Thrown when there is nothing to log in with. */
export class NoCredentialsError extends FcAgentsError {
  public constructor(host: string, notes: readonly string[]) {
    super({
      what: "Could not log in",
      host,
      reason: ["there is no credential to log in with", ...notes].join("; "),
      hint: "Set `privateKey`, `password` or `agentSocketPath` in `connection`.",
    });
  }
}
