import { FcAgentsError } from "./fcAgentsError";

/** Thrown when the host has neither a process nor a folder of the task server that was asked for. */
export class TaskServerAbsentError extends FcAgentsError {
  public constructor(host: string, identity: { netns?: string | undefined; tapIp: string; tapPort: number }) {
    const where = identity.netns === undefined ? "" : ` in the namespace ${identity.netns}`;
    super({
      what: "Could not reach the task server",
      host,
      reason: `there is no task server for ${identity.tapIp}:${identity.tapPort}${where}`,
      hint: "Run `pulumi refresh` and `pulumi up` to deploy it again.",
    });
  }
}
