import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a task server runs but cannot listen where its guests look for it. */
export class TaskServerDeafError extends FcAgentsError {
  public constructor(
    host: string,
    { tapIp, tapPort }: { tapIp: string; tapPort: number },
    listenError?: string,
  ) {
    super({
      what: `Could not serve guests at ${tapIp}:${tapPort}`,
      host,
      reason: listenError ?? "the task server runs, but does not listen there",
      hint: "It listens by itself as soon as the TAP device carries that address; then run `pulumi up` again.",
    });
  }
}
