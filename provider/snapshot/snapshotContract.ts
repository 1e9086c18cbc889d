import { createHash } from "node:crypto";
import * as z from "zod";
import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { type ChangeEffect, hostInputsChanges, hostInputsShape } from "../hostResource/hostInputs";
import { vmStates } from "../microVm/microVmContract";
import { expected } from "../validation/expected";
import type { CrossCheck } from "../validation/validateInputs";

/** `Full`: all of the guest's memory is written. `Diff`: what has changed since the snapshot before, over a copy of it. */
export const snapshotTypes = ["Full", "Diff"] as const;
export type SnapshotType = (typeof snapshotTypes)[number];

/** What becomes of the VM: it goes on as it did before, or it is stopped as it is. */
export const afterwardsChoices = ["resume", "stop"] as const;
export type Afterwards = (typeof afterwardsChoices)[number];

function oneOf<Value extends string>(property: string, values: readonly Value[]): z.ZodType<Value> {
  return z.enum(values, { error: ({ input }) => expected(property, `one of ${values.join(", ")}`, input) });
}

/** The inputs of `Snapshot` as Pulumi hands them to the provider: types, defaults, messages. */
export const snapshotSchema = z.object({
  ...hostInputsShape,
  /** The VM, as far as a snapshot has to know it. */
  microVm: z.object(
    {
      stableKey: z.string().min(1),
      instanceId: z.string().min(1),
      vmName: z.string().optional(),
      state: oneOf("microVm.state", vmStates).default("running"),
      trackDirtyPages: z.boolean().default(false),
    },
    { error: ({ input }) => expected("microVm", "a `MicroVm`", input) },
  ),
  snapshotType: oneOf("snapshotType", snapshotTypes).default("Full"),
  afterwards: oneOf("afterwards", afterwardsChoices).default("resume"),
  triggers: z
    .array(z.unknown(), { error: ({ input }) => expected("triggers", "an array of values", input) })
    .default([]),
});

/** Checked inputs, defaults filled in. */
export type SnapshotInputs = z.infer<typeof snapshotSchema>;

export const snapshotCrossChecks: readonly CrossCheck[] = [...connectionCrossChecks, checkMicroVm];

/** What is wrong with the VM for a snapshot, as far as its inputs tell. */
function checkMicroVm(
  { microVm, snapshotType }: Readonly<Record<string, unknown>>,
  report: (path: string, message: string) => void,
): void {
  const { state, trackDirtyPages } = Object(microVm) as Record<string, unknown>;
  if (state === "stopped") {
    report(
      "microVm.state",
      'Expected the microVM to be declared with `state: "running"` or "paused": one that is stopped has nothing to save',
    );
  }
  if (snapshotType === "Diff" && (trackDirtyPages === undefined || trackDirtyPages === false)) {
    report(
      "microVm.trackDirtyPages",
      'Expected the microVM to be declared with `machine.trackDirtyPages: true` (or that of `restore`) for `snapshotType: "Diff"`',
    );
  }
}

/**
 * How a snapshot was last seen. `present`: all its files are there, as long as they were; `damaged`: some are not;
 * `absent`: the host knows nothing of it, or another stack has it.
 */
export const snapshotStatuses = ["present", "damaged", "absent"] as const;
export type SnapshotStatus = (typeof snapshotStatuses)[number];

/** The part of the state that the provider adds to the inputs. */
export const snapshotOutputsSchema = z.object({
  status: z.enum(snapshotStatuses),
  folder: z.string().optional(),
  snapshotPath: z.string().optional(),
  memoryPath: z.string().optional(),
  sizeBytes: z.number().optional(),
  firecrackerVersion: z.string().optional(),
  createdAt: z.string().optional(),
});
export type SnapshotOutputs = z.infer<typeof snapshotOutputsSchema>;

/** Inputs and outputs together, as they stand in the stack's state. */
export type SnapshotState = SnapshotInputs & SnapshotOutputs;

/**
 * The diff table. `replace`: it is another snapshot, and what was restored from the old one is replaced with it.
 * `record`: kept in the state, and used when the snapshot has to be taken again.
 */
export const snapshotChanges: Readonly<Record<string, ChangeEffect>> = {
  ...hostInputsChanges,
  "microVm.stableKey": "replace",
  "microVm.instanceId": "replace",
  "microVm.vmName": "replace",
  microVm: "record",
  snapshotType: "replace",
  afterwards: "record",
  triggers: "replace",
};

/** The snapshot's name on its host: derived, so that an interrupted `up` finds what it has left there. */
export function snapshotNameOf({ stableKey }: Pick<SnapshotInputs, "stableKey">): string {
  return `snap-${createHash("sha256").update(stableKey).digest("hex").slice(0, 12)}`;
}
