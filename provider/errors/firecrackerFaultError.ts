import { FcAgentsError } from "./fcAgentsError";

/** A call of Firecracker's API, for messages: its body is never shown. */
export interface FirecrackerCall {
  method: string;
  path: string;
}

/** Thrown when Firecracker refuses a call of its API. */
export class FirecrackerFaultError extends FcAgentsError {
  public readonly method: string;
  public readonly path: string;
  public readonly status: number;
  /** Firecracker's own words. Absent where they may repeat what was sent and that is secret. */
  public readonly faultMessage: string | undefined;

  public constructor(
    host: string,
    { method, path }: FirecrackerCall,
    answer: { status: number; faultMessage?: string | undefined; hint?: string | undefined },
  ) {
    const { status, faultMessage, hint } = answer;
    super({
      what: `Firecracker refused \`${method} ${path}\``,
      host,
      reason: faultMessage === undefined ? `it answered ${status}` : `${faultMessage.trim()} (${status})`,
      ...(hint === undefined ? {} : { hint }),
    });
    this.method = method;
    this.path = path;
    this.status = status;
    this.faultMessage = faultMessage;
  }
}
