import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a proxy host does not forward connections. */
export class ProxyRefusedError extends FcAgentsError {
  public constructor(proxy: string, target: string) {
    super({
      what: "The proxy refused to forward",
      host: proxy,
      reason: `it does not open connections to ${target}`,
      hint: "Its sshd needs `AllowTcpForwarding yes` (or `local`), and a `PermitOpen` that allows the host.",
    });
  }
}
