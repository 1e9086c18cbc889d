import { createHostLifecycle } from "../hostResource/createHostLifecycle";
import { bake, observeBake, removeBake } from "./bakeWork";
import {
  snapshotBakeChanges,
  snapshotBakeCrossChecks,
  type SnapshotBakeInputs,
  type SnapshotBakeOutputs,
  snapshotBakeOutputsSchema,
  snapshotBakeSchema,
} from "./snapshotBakeContract";

/** The life of a `SnapshotBake`: check, diff, create, read, update and delete as Pulumi calls them. */
export const snapshotBakeLifecycle = createHostLifecycle<SnapshotBakeInputs, SnapshotBakeOutputs>({
  noun: "the snapshot",
  schema: snapshotBakeSchema,
  outputsSchema: snapshotBakeOutputsSchema,
  crossChecks: snapshotBakeCrossChecks,
  changes: snapshotBakeChanges,
  hasDrifted: ({ status }) => status !== "present",
  ensure: bake,
  observe: observeBake,
  remove: removeBake,
  isTakenBack: () => true,
  describeUnknown: () => ({
    status: "absent",
    snapshotPath: "",
    memoryPath: "",
    sizeBytes: 0,
    bootSeconds: 0,
  }),
});
