import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a host shows another key than the one that was expected: a rebuilt host, or someone in between. */
export class HostKeyMismatchError extends FcAgentsError {
  public readonly presented: string;
  public readonly expected: readonly string[];

  /** Fingerprints as `ssh-ed25519 SHA256:…`; `source` says where the expected ones stand. */
  public constructor(host: string, presented: string, expected: readonly string[], source: string) {
    super({
      what: "The host key does not match",
      host,
      reason: `the host presents ${presented}, but ${source} expects ${expected.join(" or ")}`,
      hint: `Nothing was sent to it. If the host was rebuilt, check its new key on its console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) and correct ${source}; if not, someone may be listening in between.`,
    });
    this.presented = presented;
    this.expected = expected;
  }
}
