import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a task server was reached but did not answer in time. */
export class ControlTimedOutError extends FcAgentsError {
  public constructor(
    host: string,
    { tapIp, tapPort }: { tapIp: string; tapPort: number },
    timeoutMs: number,
  ) {
    super({
      what: `The task server for ${tapIp}:${tapPort} did not answer`,
      host,
      reason: `nothing came within ${Math.round(timeoutMs / 1000)} s`,
      hint: "Look at `server.log` in its folder under the state folder (/var/lib/fc-agents for root).",
    });
  }
}
