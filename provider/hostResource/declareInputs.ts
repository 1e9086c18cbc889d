import * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs } from "../connection/connectionArgs";
import type { LifecycleName } from "../forward/lifecycle";
import { ownUrnOf } from "../forward/ownUrn";
import { secretFields } from "../forward/secretFields";
import { stableKeyOf } from "../forward/stableKey";

/** The inputs that all resources on a host have. */
export interface HostResourceArgs {
  /**
   * How to reach the host over SSH; a value of `@pulumi/command`'s `remote.ConnectionArgs` with a `hostKey` will do.
   * Always kept as a secret. Another `host`, `port`, `user` or `sudo` replaces the resource; anything else changes
   * nothing on the host.
   */
  connection: pulumi.Input<ConnectionArgs>;
  /** Lets a destroy succeed when the host cannot be reached, for a host that is gone for good. Default: false. */
  deleteUnreachable?: pulumi.Input<boolean>;
  /** Takes over what another stack owns under the same name on the host. Default: false, which is an error then. */
  takeOver?: pulumi.Input<boolean>;
}

/**
 * What a resource on a host hands to Pulumi: its inputs with the connection as a secret, the key that says whose it
 * is, and its outputs by name, since Pulumi makes a property of each key that it is given.
 */
export function declareInputs(
  kind: LifecycleName,
  name: string,
  args: HostResourceArgs,
  outputNames: readonly string[],
  opts?: pulumi.CustomResourceOptions,
): pulumi.Inputs {
  return {
    ...Object.fromEntries(outputNames.map((output) => [output, undefined])),
    ...args,
    connection: secretFields(args.connection),
    stableKey: stableKeyOf(kind, name, opts),
    ownUrn: ownUrnOf(kind, name, opts),
  };
}

/** The options of a resource on a host: what its connection holds is secret in the state too. */
export function withSecretConnection(opts?: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  return pulumi.mergeOptions({ additionalSecretOutputs: ["connection"] }, opts);
}
