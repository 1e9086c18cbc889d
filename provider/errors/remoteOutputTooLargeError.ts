import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a remote command prints more than the caller can take. */
export class RemoteOutputTooLargeError extends FcAgentsError {
  public constructor(command: string, host: string, maxOutputBytes: number) {
    super({
      what: `\`${command}\` was stopped`,
      host,
      reason: `it printed more than ${maxOutputBytes} bytes`,
    });
  }
}
