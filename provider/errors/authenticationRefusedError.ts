import { FcAgentsError } from "./fcAgentsError";

/** Thrown when the host accepts none of the credentials; it is not tried again. */
export class AuthenticationRefusedError extends FcAgentsError {
  /** `tried` lists the credentials in words, without their secrets. */
  public constructor(host: string, tried: readonly string[], detail?: string) {
    super({
      what: "Authentication was refused",
      host,
      reason: `the host accepted none of: ${tried.join(", ")}${detail === undefined ? "" : ` (${detail})`}`,
      hint: "Check `user`, and that the public key stands in the authorized_keys file of that user.",
    });
  }
}
