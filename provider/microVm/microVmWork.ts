import { VmEndedError } from "../errors/vmEndedError";
import { withFirecracker } from "../firecrackerApi/withFirecracker";
import { runHostProgram } from "../hostProgram/runHostProgram";
import type { Host } from "../ssh/host";
import { configureVm } from "./configureVm";
import type { MicroVmInputs } from "./microVmContract";
import { startArguments, vmArguments } from "./vmArguments";
import { readVmEnd } from "./vmEnd";
import { describeVm, type VmFound, vmFoundSchema, type VmSeen } from "./vmSeen";

export { waitForVmEnd } from "./vmEnd";

/** Copying drives and memory into the VM's root may take this long, and ending what ran before. */
const startTimeoutMs = 15 * 60_000;
const shortTimeoutMs = 60_000;

/** Bounds one call of the API. Only a snapshot takes longer. */
export const apiTimeoutMs = 30_000;

type Progress = (text: string) => void;

/**
 * Has a VM run, or paused if that is declared: claims its place on the host, starts Firecracker, boots or restores,
 * and waits for `waitForSerial`. A VM that runs already is left as it is. After a failure nothing of it runs; its
 * place stays claimed.
 */
export async function startVm(
  host: Host,
  inputs: MicroVmInputs,
  instanceId: string,
  onProgress?: Progress,
): Promise<VmSeen> {
  const found = await runVmProgram(host, "start", startArguments(inputs, instanceId), {
    what: "Could not start the microVM",
    timeoutMs: startTimeoutMs,
    onProgress,
  });
  const wanted = inputs.state === "paused" ? "paused" : "running";
  const seen = describeVm(inputs, found);
  const wasRunning = found.found === "here" && found.wasRunning === true;
  if (wasRunning && seen.status === wanted) return seen;
  const { apiSocket = "" } = seen;
  try {
    await explainEnd(host, inputs, async () => {
      await withFirecracker(host, apiSocket, { timeoutMs: apiTimeoutMs }, async (api) => {
        if (wasRunning) return api.setVmState(wanted === "paused" ? "Paused" : "Resumed");
        onProgress?.(inputs.restore === undefined ? "Booting" : "Restoring");
        return configureVm(api, inputs);
      });
      if (!wasRunning) await waitForSerial(host, inputs, onProgress);
      // A guest that is booted only to be paused, or whose memory was resumed first because a text was waited for.
      if (!wasRunning && wanted === "paused" && inputs.restore === undefined) {
        await setPaused(host, apiSocket);
      }
    });
  } catch (error) {
    await stopQuietly(host, inputs, instanceId);
    throw error;
  }
  return { ...seen, status: wanted };
}

/** Ctrl-Alt-Del, a bounded wait, then the end by pid identity. The VM's place stays claimed, its drives are kept. */
export async function stopVm(host: Host, inputs: MicroVmInputs, instanceId: string): Promise<void> {
  await endVm(host, inputs, instanceId, inputs.shutdownTimeoutSeconds);
}

/** Ends a VM and removes all that is of it on the host. One that is not there, or another instance, is success. */
export async function removeVm(host: Host, inputs: MicroVmInputs, instanceId: string): Promise<void> {
  const { shutdownTimeoutSeconds } = inputs;
  await runHostProgram(host, {
    what: "Could not remove the microVM",
    op: "vm.remove",
    args: { ...vmArguments(inputs, instanceId), shutdownTimeoutSeconds },
    timeoutMs: shortTimeoutMs + shutdownTimeoutSeconds * 1000,
  });
}

/** Looks at a VM: its process, what its API says, and how it ended if it did. Changes nothing. */
export async function observeVm(host: Host, inputs: MicroVmInputs, instanceId: string): Promise<VmSeen> {
  const found = await runVmProgram(host, "observe", vmArguments(inputs, instanceId), {
    what: "Could not look at the microVM",
    timeoutMs: shortTimeoutMs,
  });
  return describeVm(inputs, found);
}

/** Claims the place of a VM that is not to run yet, and checks what it would start from. */
export async function claimVm(host: Host, inputs: MicroVmInputs, instanceId: string): Promise<VmSeen> {
  const found = await runVmProgram(host, "claim", startArguments(inputs, instanceId), {
    what: "Could not claim the microVM's place",
    timeoutMs: shortTimeoutMs,
  });
  return describeVm(inputs, found);
}

/** Pauses a VM that runs. */
export function setPaused(host: Host, apiSocket: string): Promise<void> {
  return withFirecracker(host, apiSocket, { timeoutMs: apiTimeoutMs }, (api) => api.setVmState("Paused"));
}

/** When work on a VM fails because its process has ended, that is the error, with its end and its last words. */
async function explainEnd(host: Host, inputs: MicroVmInputs, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const end = await readVmEnd(host, inputs).catch(() => undefined);
    if (end?.isEnded !== true || isAboutEnd(error)) throw error;
    throw new VmEndedError(host.name, end, error);
  }
}

function isAboutEnd(error: unknown): boolean {
  return (Object(error) as { code?: unknown }).code === "vm_ended";
}

async function waitForSerial(
  host: Host,
  inputs: MicroVmInputs,
  onProgress: Progress | undefined,
): Promise<void> {
  const { waitForSerial: wait, restore, state } = inputs;
  if (wait === undefined || (restore !== undefined && state === "paused")) return;
  onProgress?.(`Waiting for ${JSON.stringify(wait.text)} on the serial console`);
  await runHostProgram(host, {
    what: "Waited in vain for the microVM",
    op: "vm.wait_serial",
    args: { ...vmArguments(inputs, ""), ...wait },
    timeoutMs: shortTimeoutMs + wait.timeoutSeconds * 1000,
  });
}

async function endVm(
  host: Host,
  inputs: MicroVmInputs,
  instanceId: string,
  shutdownTimeoutSeconds: number,
): Promise<void> {
  await runHostProgram(host, {
    what: "Could not stop the microVM",
    op: "vm.stop",
    args: { ...vmArguments(inputs, instanceId), shutdownTimeoutSeconds },
    timeoutMs: shortTimeoutMs + shutdownTimeoutSeconds * 1000,
  });
}

/** After a failure whose error is the one to be told. */
async function stopQuietly(host: Host, inputs: MicroVmInputs, instanceId: string): Promise<void> {
  try {
    await endVm(host, inputs, instanceId, 0);
  } catch {
    // The host may be out of reach; the next `pulumi up` finds what is left, by its status.
  }
}

async function runVmProgram(
  host: Host,
  verb: "start" | "claim" | "observe",
  args: object,
  options: { what: string; timeoutMs: number; onProgress?: Progress | undefined },
): Promise<VmFound> {
  return vmFoundSchema.parse(await runHostProgram(host, { op: `vm.${verb}`, args, ...options }));
}
