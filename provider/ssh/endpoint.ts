/** One SSH server and how to log in there: the inputs, completed from ~/.ssh/config and the defaults. */
export interface Endpoint {
  /** `user@host:port`, for messages. */
  readonly name: string;
  /** Where its inputs stand: `connection` or `connection.proxy`. */
  readonly inputPath: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey: string | undefined;
  readonly privateKeyPassword: string | undefined;
  readonly password: string | undefined;
  readonly agentSocketPath: string | undefined;
  /** IdentityFile entries of ~/.ssh/config, as paths. */
  readonly identityFiles: readonly string[];
  readonly hostKey: string | undefined;
  readonly knownHostsPath: string;
  readonly isKnownHostsExplicit: boolean;
  readonly insecureIgnoreHostKey: boolean;
  /** Attempts; `Infinity` for no limit. */
  readonly attemptLimit: number;
  /** Bound of one attempt, 0 for none. */
  readonly attemptTimeoutMs: number;
  readonly proxy: Endpoint | undefined;
}
