import { FcAgentsError } from "./fcAgentsError";

/** Thrown when nothing says which key a host must have. */
export class HostKeyUnknownError extends FcAgentsError {
  /** `presentedKey` is the key in authorized_keys form, `hostKeyProperty` the input that would accept it. */
  public constructor(details: {
    host: string;
    presented: string;
    presentedKey: string;
    knownHostsPath: string;
    hostKeyProperty: string;
    hasCertAuthority: boolean;
  }) {
    const authority = details.hasCertAuthority
      ? " (its @cert-authority entry is not used: host certificates are not supported)"
      : "";
    super({
      what: "The host key is unknown",
      host: details.host,
      reason: `there is no entry for it in ${details.knownHostsPath}${authority}; the host presents ${details.presented}`,
      hint: `Compare that fingerprint with the one on the host's console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then set \`${details.hostKeyProperty}\` to "${details.presentedKey}".`,
    });
  }
}
