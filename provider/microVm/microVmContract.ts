import { createHash } from "node:crypto";
import * as z from "zod";
import { type ChangeEffect, hostInputsChanges, hostInputsShape } from "../hostResource/hostInputs";
import { netnsSchema } from "../taskServer/serverIdentity";
import { wholeNumber } from "../validation/wholeNumber";
import {
  balloonSchema,
  driveSchema,
  entropySchema,
  loggerSchema,
  metricsSchema,
  mmdsSchema,
  networkInterfaceSchema,
  vsockSchema,
} from "./deviceSchemas";
import { hostPath, listOf, oneOf, textOf } from "./inputFields";
import { bootSourceSchema, cpuConfigSchema, machineSchema } from "./machineSchema";
import { jailerSchema, restoreSchema, waitForSerialSchema } from "./startSchemas";

/**
 * What a VM is to be. `on-demand`: whoever uses it starts and stops it (an `AgentRun`); the resource itself only
 * claims its place and leaves it as it is.
 */
export const vmStates = ["running", "paused", "stopped", "on-demand"] as const;
export type VmState = (typeof vmStates)[number];

/** So much of what a VM prints is kept. */
const defaultSerialLogBytes = 1024 ** 2;

/** The inputs of `MicroVm` as Pulumi hands them to the provider: types, defaults, messages. */
export const microVmSchema = z.object({
  ...hostInputsShape,
  vmName: textOf(
    "vmName",
    "1 to 20 letters, digits and hyphens, the first one no hyphen",
    /^[A-Za-z0-9][A-Za-z0-9-]{0,19}$/,
  ).optional(),
  state: oneOf("state", vmStates).default("running"),
  machine: machineSchema.optional(),
  cpuConfig: cpuConfigSchema.optional(),
  bootSource: bootSourceSchema.optional(),
  drives: listOf("drives", driveSchema).optional(),
  networkInterfaces: listOf("networkInterfaces", networkInterfaceSchema).optional(),
  vsock: vsockSchema.optional(),
  entropy: entropySchema.optional(),
  balloon: balloonSchema.optional(),
  mmds: mmdsSchema.optional(),
  logger: loggerSchema.optional(),
  metrics: metricsSchema.optional(),
  restore: restoreSchema.optional(),
  netns: netnsSchema,
  firecrackerPath: hostPath("firecrackerPath").optional(),
  jailerPath: hostPath("jailerPath").optional(),
  jailer: jailerSchema.optional(),
  waitForSerial: waitForSerialSchema.optional(),
  serialLogBytes: wholeNumber("serialLogBytes", 4096, 1024 ** 3, "bytes").default(defaultSerialLogBytes),
  shutdownTimeoutSeconds: wholeNumber("shutdownTimeoutSeconds", 0, 300, "seconds").default(5),
});

/** Checked inputs, defaults filled in. */
export type MicroVmInputs = z.infer<typeof microVmSchema>;

/**
 * How a VM was last seen. `running`, `paused`: as its API says. `unready`: its process is there, but was never told
 * what to boot, or its API gives no answer. `stopped`: it was stopped, or not started yet. `ended`: its process has
 * ended by itself, was killed, or the host was rebooted. `absent`: the host knows nothing of it. `taken-over`: another
 * stack owns it now.
 */
export const vmStatuses = [
  "running",
  "paused",
  "unready",
  "stopped",
  "ended",
  "absent",
  "taken-over",
] as const;
export type VmStatus = (typeof vmStatuses)[number];

/** The part of the state that the provider adds to the inputs. */
export const microVmOutputsSchema = z.object({
  status: z.enum(vmStatuses),
  vmId: z.string(),
  pid: z.number().optional(),
  startedAt: z.string().optional(),
  apiSocket: z.string().optional(),
  workingRoot: z.string().optional(),
  serialLogPath: z.string().optional(),
  vmmVersion: z.string().optional(),
  exitCode: z.number().optional(),
  exitSignal: z.string().optional(),
  endedAt: z.string().optional(),
});
export type MicroVmOutputs = z.infer<typeof microVmOutputsSchema>;

/** Inputs and outputs together, as they stand in the stack's state. */
export type MicroVmState = MicroVmInputs & MicroVmOutputs;

/**
 * The diff table. `replace`: what only a new process can be told; the old VM is removed first. `sync`: the API can
 * change it in the VM that runs. `record`: kept in the state, and used at the next start or stop.
 */
export const microVmChanges: Readonly<Record<string, ChangeEffect>> = {
  ...hostInputsChanges,
  vmName: "replace",
  // The guest is paused, goes on, is stopped or started: the same VM.
  state: "sync",
  machine: "replace",
  cpuConfig: "replace",
  bootSource: "replace",
  // Rate limiters and the file behind a drive other than the root; liveParts.ts tells them from the rest.
  drives: "sync",
  networkInterfaces: "sync",
  vsock: "replace",
  entropy: "replace",
  balloon: "replace",
  "balloon.amountMib": "sync",
  // On and off only at boot; liveParts.ts.
  "balloon.statsPollingIntervalS": "sync",
  mmds: "replace",
  "mmds.data": "sync",
  logger: "replace",
  metrics: "replace",
  // The guest's memory is another one then.
  restore: "replace",
  // Only says how it begins; from then on `state` says whether it runs.
  "restore.resume": "record",
  netns: "replace",
  firecrackerPath: "replace",
  jailerPath: "replace",
  jailer: "replace",
  waitForSerial: "record",
  serialLogBytes: "record",
  shutdownTimeoutSeconds: "record",
};

/** The VM's name on its host, its id for Firecracker and the jailer: derived, so that an interrupted `up` finds it. */
export function vmIdOf({ vmName, stableKey }: Pick<MicroVmInputs, "vmName" | "stableKey">): string {
  return vmName ?? `vm-${createHash("sha256").update(stableKey).digest("hex").slice(0, 12)}`;
}

export { microVmCrossChecks } from "./microVmCrossChecks";
