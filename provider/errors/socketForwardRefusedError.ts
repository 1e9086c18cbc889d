import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a Unix socket on the host cannot be reached directly: sshd forbids it, or nothing listens there. */
export class SocketForwardRefusedError extends FcAgentsError {
  public constructor(host: string, path: string, reason: string, cause?: unknown) {
    super({
      what: `Could not open the socket ${path}`,
      host,
      reason,
      hint: "OpenSSH does not say which: nothing may be listening there, or sshd has `AllowStreamLocalForwarding no`.",
      cause,
    });
  }
}
