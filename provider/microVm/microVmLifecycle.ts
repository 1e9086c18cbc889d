import type { dynamic } from "@pulumi/pulumi";
import type { Lifecycle } from "../forward/lifecycle";
import { createHostLifecycle } from "../hostResource/createHostLifecycle";
import { findBootChanges } from "./liveParts";
import {
  microVmChanges,
  microVmCrossChecks,
  type MicroVmInputs,
  type MicroVmOutputs,
  microVmOutputsSchema,
  microVmSchema,
  type MicroVmState,
  vmIdOf,
  type VmStatus,
} from "./microVmContract";
import { observeVm, removeVm } from "./microVmWork";
import { reconcileVm } from "./reconcileVm";

const lifecycle = createHostLifecycle<MicroVmInputs, MicroVmOutputs>({
  noun: "the microVM",
  schema: microVmSchema,
  outputsSchema: microVmOutputsSchema,
  crossChecks: microVmCrossChecks,
  changes: microVmChanges,
  hasDrifted,
  ensure: reconcileVm,
  observe: observeVm,
  remove: async (host, state, instanceId) => {
    await removeVm(host, state, instanceId);
    return [];
  },
  // In one that runs, an agent may be at work already.
  isTakenBack: ({ state }) => state === "on-demand" || state === "stopped",
  describeUnknown: (inputs) => ({ status: "absent", vmId: vmIdOf(inputs) }),
});

/** The life of a `MicroVm`: check, diff, create, read, update and delete as Pulumi calls them. */
export const microVmLifecycle: Lifecycle = { ...lifecycle, diff };

/** In some inputs one part can change in the VM that runs, and another one only with a new process. */
async function diff(id: string, olds: unknown, news: unknown): Promise<dynamic.DiffResult> {
  const answer = await lifecycle.diff(id, olds, news);
  const replaces = findBootChanges(normalise(olds), normalise(news));
  return { ...answer, replaces: [...new Set([...(answer.replaces ?? []), ...replaces])] };
}

function normalise(raw: unknown): object {
  return microVmSchema.safeParse(raw).data ?? (Object(raw) as object);
}

/** The statuses that are as declared. A guest that has shut itself down is as good as stopped. */
const statusesOf: Readonly<Record<MicroVmInputs["state"], readonly VmStatus[]>> = {
  running: ["running"],
  paused: ["paused"],
  stopped: ["stopped", "ended"],
  "on-demand": ["running", "paused", "unready", "stopped", "ended"],
};

function hasDrifted({ state, status }: MicroVmState): boolean {
  return !statusesOf[state].includes(status);
}
