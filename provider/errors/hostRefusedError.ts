import { FcAgentsError } from "./fcAgentsError";

/** Thrown when the host cannot do what was asked of it: a namespace that is missing, a port that is taken. */
export class HostRefusedError extends FcAgentsError {
  /** Says which of these it is, for programs. */
  public readonly code: string;

  public constructor(
    what: string,
    host: string,
    refusal: { code: string; message: string; hint?: string | undefined; logTail?: string | undefined },
  ) {
    const { code, message, hint, logTail } = refusal;
    super({
      what,
      host,
      reason: message,
      ...(hint === undefined ? {} : { hint }),
      ...(logTail === undefined ? {} : { logTail }),
    });
    this.code = code;
  }
}
