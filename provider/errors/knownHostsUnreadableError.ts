import { FcAgentsError } from "./fcAgentsError";

/** Thrown when the `knownHosts` file that was asked for cannot be read. */
export class KnownHostsUnreadableError extends FcAgentsError {
  public constructor(host: string, path: string, cause: unknown) {
    super({
      what: "Could not read the known hosts",
      host,
      reason: `${path}: ${cause instanceof Error ? cause.message : "not readable"}`,
      hint: "Set `knownHosts` to a readable file, or give the key itself as `hostKey`.",
      cause,
    });
  }
}
