import * as pulumi from "@pulumi/pulumi";
import { forwardingProvider } from "../forward/forwardingProvider";
import type { HostNetworkArgs } from "../hostNetwork/hostNetwork";
import { declareInputs, type HostResourceArgs, withSecretConnection } from "../hostResource/declareInputs";
import type { MicroVmArgs } from "../microVm/microVm";
import type { SnapshotStatus } from "../snapshot/snapshotContract";

const provider = forwardingProvider("SnapshotBake");

const outputNames = ["status", "snapshotPath", "memoryPath", "sizeBytes", "bootSeconds"] as const;

/** The inputs of a {@link SnapshotBake}. */
export interface SnapshotBakeArgs extends HostResourceArgs {
  /** The network that the guest is baked with. */
  network: Partial<Omit<HostNetworkArgs, keyof HostResourceArgs>>;
  /** The guest's machine, what it boots from, and what its console shows when it is ready. */
  microVm: Partial<Omit<MicroVmArgs, keyof HostResourceArgs | "network">>;
  /** Values whose change bakes anew. Default: none. */
  triggers?: pulumi.Input<pulumi.Input<unknown>[]>;
}

/**
 * A snapshot of a guest that was booted only for it: network and microVM are there while it is baked, and gone
 * afterwards. `AgentSnapshot` is the component for it.
 *
 * @internal
 */
export class SnapshotBake extends pulumi.dynamic.Resource {
  /** How the snapshot's files were last seen. */
  declare public readonly status: pulumi.Output<SnapshotStatus>;
  /** Path of the state file on the host. */
  declare public readonly snapshotPath: pulumi.Output<string>;
  /** Path of the guest's memory on the host. */
  declare public readonly memoryPath: pulumi.Output<string>;
  /** Size of the whole on the host's disk, in bytes. */
  declare public readonly sizeBytes: pulumi.Output<number>;
  /** How long the guest took until it was ready, in seconds. */
  declare public readonly bootSeconds: pulumi.Output<number>;

  public constructor(name: string, args: SnapshotBakeArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      declareInputs("SnapshotBake", name, args, outputNames, opts),
      withSecretConnection(opts),
      "fc-agents",
      "SnapshotBake",
    );
  }
}
