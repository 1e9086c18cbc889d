import * as z from "zod";
import { runHostProgram } from "../hostProgram/runHostProgram";
import type { Host } from "../ssh/host";
import { type Afterwards, snapshotStatuses, type SnapshotType } from "./snapshotContract";

/** The host bounds each of its steps itself, the longest by the size of the memory; this is for a host that hangs. */
const takeTimeoutMs = 3_600_000;

/** Files are looked at and removed; those of the drives may be large. */
const shortTimeoutMs = 60_000;

/** A snapshot that is to be taken. */
export interface SnapshotOrder {
  /** Its folder's name below the state folder's `snapshots`. */
  name: string;
  /** The stable key of the resource whose it is. */
  owner: string;
  instanceId: string;
  /** Whether one of another owner is replaced. */
  takeOver?: boolean;
  /** The VM by its name on the host and the instance of its resource. It has to run or to be paused. */
  vm: { vmId: string; instanceId: string };
  snapshotType: SnapshotType;
  afterwards: Afterwards;
}

const seenSchema = z.object({
  status: z.enum(snapshotStatuses),
  folder: z.string(),
  /** The state of the devices. */
  snapshotPath: z.string(),
  /** The whole memory of the guest, also of a Diff. */
  memoryPath: z.string(),
  /** What it takes on the host's disk, without the read-only drives. */
  sizeBytes: z.number().default(0),
  firecrackerVersion: z.string().optional(),
  createdAt: z.string().optional(),
  /** The first of its files that is missing or not as long as it was. */
  damage: z.string().nullish(),
});

/** A snapshot as it was last seen. */
export type SnapshotSeen = z.infer<typeof seenSchema>;

/**
 * Takes a snapshot: pauses the VM, saves memory, devices and the drives that the guest writes to, and has the VM go on
 * as it did before or stops it. After a failure the VM goes on, and nothing of the snapshot is left.
 *
 * @throws HostRefusedError when the VM does not run, there is no room, Firecracker refuses, or another stack owns it.
 */
export async function takeSnapshot(
  host: Host,
  { vm, ...order }: SnapshotOrder,
  onProgress?: (text: string) => void,
): Promise<SnapshotSeen> {
  const answer = await runHostProgram(host, {
    what: "Could not take the snapshot",
    op: "snapshot.take",
    args: { ...order, vmId: vm.vmId, vmInstanceId: vm.instanceId },
    timeoutMs: takeTimeoutMs,
    onProgress,
  });
  return seenSchema.parse(answer);
}

/** Looks at a snapshot's files. That they are gone, or another instance's, is a status and no error. */
export async function observeSnapshot(
  host: Host,
  identity: Pick<SnapshotOrder, "name" | "instanceId">,
): Promise<SnapshotSeen> {
  const answer = await runHostProgram(host, {
    what: "Could not look at the snapshot",
    op: "snapshot.observe",
    args: { name: identity.name, instanceId: identity.instanceId },
    timeoutMs: shortTimeoutMs,
  });
  return seenSchema.parse(answer);
}

/** Removes exactly this instance; that it is gone, or another one, is success. VMs restored from it go on. */
export async function removeSnapshot(
  host: Host,
  identity: Pick<SnapshotOrder, "name" | "instanceId">,
): Promise<void> {
  await runHostProgram(host, {
    what: "Could not remove the snapshot",
    op: "snapshot.remove",
    args: { name: identity.name, instanceId: identity.instanceId },
    timeoutMs: shortTimeoutMs,
  });
}
