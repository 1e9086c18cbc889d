import * as z from "zod";
import { type MicroVmInputs, type MicroVmOutputs, vmIdOf, type VmStatus } from "./microVmContract";

const endSchema = z.object({
  exitCode: z.number().optional(),
  signal: z.string().optional(),
  endedAt: z.string().optional(),
});

/** What the host program says of a VM (fc_host/vm/look.py). */
export const vmFoundSchema = z.discriminatedUnion("found", [
  z.object({ found: z.literal("absent") }),
  z.object({ found: z.literal("foreign"), owner: z.string().nullish() }),
  z.object({
    found: z.literal("here"),
    folder: z.string(),
    serialLogPath: z.string(),
    /** True too for one that was never started. */
    wasStopped: z.boolean(),
    process: z.object({ pid: z.number(), startedAt: z.string() }).optional(),
    root: z.string().optional(),
    apiSocket: z.string().optional(),
    instance: z.object({ state: z.string(), vmm_version: z.string() }).nullish(),
    end: endSchema.optional(),
    /** True when a start found it running, and left it. */
    wasRunning: z.boolean().optional(),
  }),
]);
export type VmFound = z.infer<typeof vmFoundSchema>;

/** A VM as it was last seen: the resource's outputs. */
export type VmSeen = MicroVmOutputs;

/** Maps what the host says to the resource's outputs, also those that there are none of: they take the old ones' place. */
export function describeVm(inputs: Pick<MicroVmInputs, "vmName" | "stableKey">, found: VmFound): VmSeen {
  const here = found.found === "here" ? found : undefined;
  const isUp = here?.process !== undefined;
  return {
    status: statusOf(found),
    vmId: vmIdOf(inputs),
    serialLogPath: here?.serialLogPath,
    pid: here?.process?.pid,
    startedAt: here?.process?.startedAt,
    apiSocket: isUp ? here.apiSocket : undefined,
    workingRoot: isUp ? here.root : undefined,
    vmmVersion: here?.instance?.vmm_version,
    exitCode: here?.end?.exitCode,
    exitSignal: here?.end?.signal,
    endedAt: here?.end?.endedAt,
  };
}

const statusByInstanceState: Readonly<Record<string, VmStatus>> = { Running: "running", Paused: "paused" };

function statusOf(found: VmFound): VmStatus {
  if (found.found === "absent") return "absent";
  if (found.found === "foreign") return "taken-over";
  const { process, wasStopped, instance } = found;
  if (process === undefined) return wasStopped ? "stopped" : "ended";
  return statusByInstanceState[instance?.state ?? ""] ?? "unready";
}
