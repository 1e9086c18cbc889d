import { showOnResourceLine } from "../forward/engineLog";
import { createHostLifecycle } from "../hostResource/createHostLifecycle";
import type { Known } from "../hostResource/hostResourceKind";
import { vmIdOf } from "../microVm/microVmContract";
import type { Host } from "../ssh/host";
import {
  snapshotChanges,
  snapshotCrossChecks,
  type SnapshotInputs,
  snapshotNameOf,
  type SnapshotOutputs,
  snapshotOutputsSchema,
  snapshotSchema,
  type SnapshotState,
} from "./snapshotContract";
import { observeSnapshot, removeSnapshot, type SnapshotSeen, takeSnapshot } from "./snapshotWork";

/** The life of a `Snapshot`: check, diff, create, read, update and delete as Pulumi calls them. */
export const snapshotLifecycle = createHostLifecycle<SnapshotInputs, SnapshotOutputs>({
  noun: "the snapshot",
  schema: snapshotSchema,
  outputsSchema: snapshotOutputsSchema,
  crossChecks: snapshotCrossChecks,
  changes: snapshotChanges,
  hasDrifted: ({ status }) => status !== "present",
  ensure,
  observe: async (host, state, instanceId) =>
    describeSnapshot(await observeSnapshot(host, { name: snapshotNameOf(state), instanceId })),
  remove: async (host, state, instanceId) => {
    await removeSnapshot(host, { name: snapshotNameOf(state), instanceId });
    return [];
  },
  describeUnknown: () => ({ status: "absent" }),
});

/** A snapshot that is there is left as it is: taking it again would be another moment of the guest's life. */
async function ensure(
  host: Host,
  inputs: SnapshotInputs,
  { instanceId, state }: Known<SnapshotState>,
): Promise<SnapshotOutputs> {
  const { stableKey: owner, takeOver, snapshotType, afterwards, microVm } = inputs;
  const name = snapshotNameOf(inputs);
  if (state !== undefined) {
    const seen = await observeSnapshot(host, { name, instanceId });
    if (seen.status === "present") return describeSnapshot(seen);
  }
  const vm = { vmId: vmIdOf(microVm), instanceId: microVm.instanceId };
  const seen = await takeSnapshot(
    host,
    { name, owner, instanceId, takeOver, vm, snapshotType, afterwards },
    (text) => {
      showOnResourceLine(inputs.ownUrn, text);
    },
  );
  return describeSnapshot(seen);
}

function describeSnapshot(seen: SnapshotSeen): SnapshotOutputs {
  return snapshotOutputsSchema.parse(seen);
}
