import type * as pulumi from "@pulumi/pulumi";

/**
 * How to log in to a host over SSH. The field names, types and defaults are those of `remote.ConnectionArgs`
 * in `@pulumi/command`, so that one object serves both. What is given here comes before ~/.ssh/config, and
 * that before the defaults.
 */
export interface ProxyArgs {
  /** Name or address of the host, or an alias of ~/.ssh/config (HostName, User, Port, IdentityFile, ProxyJump). */
  host: pulumi.Input<string>;
  /** TCP port, 1 to 65535. Default: 22. */
  port?: pulumi.Input<number>;
  /** User to log in as. Default: root. */
  user?: pulumi.Input<string>;
  /** The text of a private key (not its path). Tried before the password. */
  privateKey?: pulumi.Input<string>;
  /** Passphrase of the private key. */
  privateKeyPassword?: pulumi.Input<string>;
  /** Password of the user. */
  password?: pulumi.Input<string>;
  /**
   * Path of an SSH agent's socket. Default: the environment variable SSH_AUTH_SOCK. Where no credential is
   * given at all, the IdentityFile of ~/.ssh/config, or else ~/.ssh/id_ed25519, id_ecdsa and id_rsa, are tried too.
   */
  agentSocketPath?: pulumi.Input<string>;
  /**
   * The key that the host must have: "ssh-ed25519 AAAA…" as in /etc/ssh/ssh_host_ed25519_key.pub or as printed
   * by `ssh-keyscan`, the base64 part alone, or a fingerprint "SHA256:…". Several lines allow several keys.
   */
  hostKey?: pulumi.Input<string>;
  /**
   * Path of a known_hosts file, looked at where no `hostKey` is given. Default: ~/.ssh/known_hosts.
   * Plain, `[host]:port`, hashed, wildcard, negated and `@revoked` entries count; `@cert-authority` does not.
   */
  knownHosts?: pulumi.Input<string>;
  /**
   * Accepts any host key. INSECURE: whoever stands between can read the token and the keys' signatures,
   * and run what they like in the host's name. Default: false.
   */
  insecureIgnoreHostKey?: pulumi.Input<boolean>;
  /**
   * Number of attempts to connect, with growing waits in between (0.25 s up to 5 s). -1: no limit but ten
   * minutes for all of them. A wrong host key and refused credentials are not tried again. Default: 10.
   */
  dialErrorLimit?: pulumi.Input<number>;
  /** Seconds that one attempt may take, login included; 0: only the ten minutes for all of them. Default: 15. */
  perDialTimeout?: pulumi.Input<number>;
}

/**
 * How to reach the host over SSH. Always kept as a secret. A host key is required in one way or another:
 * `hostKey`, or an entry in `knownHosts`, or the loud opt-out `insecureIgnoreHostKey`.
 *
 * @example
 * ```ts
 * const connection: ConnectionArgs = {
 *   host: "fc.example.com",
 *   privateKey: config.requireSecret("privateKey"),
 *   hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA…",
 * };
 * ```
 */
export interface ConnectionArgs extends ProxyArgs {
  /** Runs commands on the host through `sudo -n`, for a user who is not root. Default: false. */
  sudo?: pulumi.Input<boolean>;
  /** A host to go through (one hop). It is checked by its own host key and logs in with its own credentials. */
  proxy?: pulumi.Input<ProxyArgs>;
}
