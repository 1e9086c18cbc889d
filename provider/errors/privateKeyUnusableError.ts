import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a private key cannot be read: wrong format, or a passphrase that is missing or wrong. */
export class PrivateKeyUnusableError extends FcAgentsError {
  public constructor(host: string, source: string, reason: string) {
    super({
      what: "Could not use the private key",
      host,
      reason: `${source}: ${reason}`,
      hint: "Give the whole text of the key file as `privateKey`, and its passphrase, if it has one, as `privateKeyPassword`.",
    });
  }
}
