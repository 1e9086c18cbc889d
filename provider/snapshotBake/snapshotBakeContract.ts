import * as z from "zod";
import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { type ChangeEffect, hostInputsChanges, hostInputsShape } from "../hostResource/hostInputs";
import { snapshotStatuses } from "../snapshot/snapshotContract";
import { expected } from "../validation/expected";
import type { CrossCheck } from "../validation/validateInputs";
import { checkBakeParts } from "./bakeParts";

const part = (property: string): z.ZodRecord<z.ZodString, z.ZodUnknown> =>
  z.record(z.string(), z.unknown(), { error: ({ input }) => expected(property, "an object", input) });

/** The inputs of a bake as Pulumi hands them to the provider. Each part is checked as its own resource checks it. */
export const snapshotBakeSchema = z.object({
  ...hostInputsShape,
  /** The network that the guest is baked with, as `HostNetwork` takes it. */
  network: part("network"),
  /** The guest's machine, what it boots from, and what its console shows when it is ready, as `MicroVm` takes it. */
  microVm: part("microVm"),
  triggers: z
    .array(z.unknown(), { error: ({ input }) => expected("triggers", "an array of values", input) })
    .default([]),
});
export type SnapshotBakeInputs = z.infer<typeof snapshotBakeSchema>;

export const snapshotBakeOutputsSchema = z.object({
  status: z.enum(snapshotStatuses),
  snapshotPath: z.string(),
  memoryPath: z.string(),
  sizeBytes: z.number(),
  /** From the start of Firecracker until the guest was ready. */
  bootSeconds: z.number(),
});
export type SnapshotBakeOutputs = z.infer<typeof snapshotBakeOutputsSchema>;

export type SnapshotBakeState = SnapshotBakeInputs & SnapshotBakeOutputs;

/** The diff table: another guest is another snapshot. */
export const snapshotBakeChanges: Readonly<Record<string, ChangeEffect>> = {
  ...hostInputsChanges,
  network: "replace",
  microVm: "replace",
  // Says how long the next bake may take.
  "microVm.waitForSerial.timeoutSeconds": "record",
  triggers: "replace",
};

export const snapshotBakeCrossChecks: readonly CrossCheck[] = [...connectionCrossChecks, checkBakeParts];
