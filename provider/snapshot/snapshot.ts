import * as pulumi from "@pulumi/pulumi";
import { forwardingProvider } from "../forward/forwardingProvider";
import { declareInputs, withSecretConnection } from "../hostResource/declareInputs";
import type { MicroVm } from "../microVm/microVm";
import type { Afterwards, SnapshotStatus, SnapshotType } from "./snapshotContract";

const provider = forwardingProvider("Snapshot");

const outputNames = [
  ...["status", "folder", "snapshotPath", "memoryPath", "sizeBytes", "firecrackerVersion", "createdAt"],
];

/** The inputs of a {@link Snapshot}. */
export interface SnapshotArgs {
  /**
   * The microVM, whose connection and `deleteUnreachable` are taken over. It has to run or to be paused. When it is
   * replaced, so is the snapshot.
   */
  microVm: MicroVm;
  /**
   * "Full" writes all of the guest's memory. "Diff" writes what the guest has changed since the microVM's last snapshot
   * (or the one that it was restored from) over a copy of that, for which the microVM needs
   * `machine.trackDirtyPages`; Firecracker 1.7 or newer. Either is whole by itself, and can be restored after the other
   * is gone. A change replaces the snapshot. Default: "Full".
   */
  snapshotType?: pulumi.Input<SnapshotType>;
  /**
   * What becomes of the microVM. "resume": it goes on as it did before. "stop": it is stopped as it is; declared as
   * running, the next refresh sees that, and `pulumi up` starts it again. A change counts when the snapshot is taken
   * again. Default: "resume".
   */
  afterwards?: pulumi.Input<Afterwards>;
  /** Values whose change replaces the snapshot. Default: none. */
  triggers?: pulumi.Input<pulumi.Input<unknown>[]>;
  /** Replaces a snapshot that another stack owns under this resource's name. Default: false, which is an error then. */
  takeOver?: pulumi.Input<boolean>;
}

/**
 * A snapshot of a microVM: the guest's memory, the state of its devices, and the drives that it writes to, all of one
 * moment. Any number of microVMs can be restored from it.
 *
 * Creating it pauses the microVM for the time that it takes to write the memory. The files belong to root (or to who
 * logs in) and nobody else can read them, as they hold whatever the guest knew. A refresh notices files that are gone
 * or cut, and the next `pulumi up` takes the snapshot again. Deleting removes its files; microVMs that were restored
 * from it keep what they need. A preview reaches no host.
 *
 * Errors name what failed, on which host, why, and what mends it: a microVM that does not run, too little room on the
 * disk, what Firecracker refuses in its own words, a snapshot that another stack owns. The microVM goes on then, and
 * nothing of the snapshot is left.
 *
 * @example
 * ```ts
 * const snapshot = new Snapshot("warm", { microVm });
 * const clone = new MicroVm("clone", {
 *   connection,
 *   netns: "fc-agent-2",
 *   restore: { snapshotPath: snapshot.snapshotPath, memBackend: { type: "File", path: snapshot.memoryPath } },
 * });
 * ```
 */
export class Snapshot extends pulumi.dynamic.Resource {
  /** How the snapshot was last seen: present, damaged (files are gone or cut) or absent. */
  declare public readonly status: pulumi.Output<SnapshotStatus>;
  /** Folder on the host: state, memory, drives and manifest.json, which lists them. */
  declare public readonly folder: pulumi.Output<string>;
  /** Path of the state file on the host, for `restore.snapshotPath`. */
  declare public readonly snapshotPath: pulumi.Output<string>;
  /** Path of the memory file on the host, for `restore.memBackend.path`. It is whole, also of a Diff. */
  declare public readonly memoryPath: pulumi.Output<string>;
  /** What it takes on the host's disk, in bytes, without the read-only drives. */
  declare public readonly sizeBytes: pulumi.Output<number>;
  /** Version of the Firecracker that took it; another one may refuse to load it. */
  declare public readonly firecrackerVersion: pulumi.Output<string | undefined>;
  /** When it was taken, ISO 8601 in UTC. */
  declare public readonly createdAt: pulumi.Output<string | undefined>;

  public constructor(name: string, args: SnapshotArgs, opts?: pulumi.CustomResourceOptions) {
    const { microVm, ...own } = args;
    const { connection, deleteUnreachable, vmName, state, machine, restore } = microVm.declared;
    const trackDirtyPages = pulumi
      .output([machine, restore])
      .apply((sources) => sources.some((source) => source?.trackDirtyPages === true));
    super(
      provider,
      name,
      declareInputs(
        "Snapshot",
        name,
        {
          ...own,
          connection,
          ...(deleteUnreachable === undefined ? {} : { deleteUnreachable }),
          // Nothing of its outputs, which are unknown in a preview that updates it.
          ...{
            microVm: {
              stableKey: microVm.stableKey,
              instanceId: microVm.id,
              vmName,
              state,
              trackDirtyPages,
            },
          },
        },
        outputNames,
        opts,
      ),
      pulumi.mergeOptions({ dependsOn: [microVm] }, withSecretConnection(opts)),
      "fc-agents",
      "Snapshot",
    );
  }
}
