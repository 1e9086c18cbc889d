import { FcAgentsError } from "./fcAgentsError";

/** Thrown when the host cannot do what was asked of it: a namespace that is missing, a port that is taken. */
export class HostRefusedError extends FcAgentsError {
  /** Says which of these it is, for programs. */
  public readonly code: string;
  /** The last lines of a log that belongs to it. */
  public readonly logTail: string | undefined;

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
    this.logTail = logTail;
  }
}
