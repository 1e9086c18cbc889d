import { withFirecracker } from "../firecrackerApi/withFirecracker";
import { showOnResourceLine } from "../forward/engineLog";
import type { Known } from "../hostResource/hostResourceKind";
import { runHostProgram } from "../hostProgram/runHostProgram";
import type { Host } from "../ssh/host";
import type { MicroVmInputs, MicroVmOutputs, MicroVmState } from "./microVmContract";
import { apiTimeoutMs, claimVm, observeVm, removeVm, startVm, stopVm } from "./microVmWork";
import { findSwappedDrives, hasLiveChanges, syncVm } from "./syncVm";
import { startArguments, driveArguments } from "./vmArguments";
import type { VmSeen } from "./vmSeen";

const swapTimeoutMs = 15 * 60_000;

/**
 * Brings a VM to what the inputs declare, from whatever state it is in: observe; start it anew where no VM runs; hand
 * what has changed to one that does; pause, resume or stop it. The same flow serves create and update.
 */
export async function reconcileVm(
  host: Host,
  inputs: MicroVmInputs,
  { instanceId, state }: Known<MicroVmState>,
): Promise<MicroVmOutputs> {
  if (state === undefined) return create(host, inputs, instanceId);
  const seen = await observeVm(host, inputs, instanceId);
  const isUp = seen.status === "running" || seen.status === "paused";
  if (inputs.state === "stopped") return rest(host, inputs, instanceId, seen);
  if (!isUp && inputs.state === "on-demand") return rest(host, inputs, instanceId, seen);
  if (isUp && seen.apiSocket !== undefined && hasLiveChanges(state, inputs)) {
    await tellChanges(host, inputs, state, instanceId, seen.apiSocket);
  }
  if (inputs.state === "on-demand" || seen.status === inputs.state) return seen;
  return start(host, inputs, instanceId);
}

/** When it fails, nothing of the VM is left. */
async function create(host: Host, inputs: MicroVmInputs, instanceId: string): Promise<MicroVmOutputs> {
  if (inputs.state === "stopped" || inputs.state === "on-demand") return claimVm(host, inputs, instanceId);
  try {
    return await start(host, inputs, instanceId);
  } catch (error) {
    // The error that is told is the first one; where the host is out of reach, the state says that something may be left.
    await removeVm(host, { ...inputs, shutdownTimeoutSeconds: 0 }, instanceId).catch(() => undefined);
    throw error;
  }
}

function start(host: Host, inputs: MicroVmInputs, instanceId: string): Promise<VmSeen> {
  return startVm(host, inputs, instanceId, (text) => {
    showOnResourceLine(inputs.ownUrn, text);
  });
}

/** Stops a VM that runs and is not to, and claims the place of one that is not there. */
async function rest(
  host: Host,
  inputs: MicroVmInputs,
  instanceId: string,
  seen: VmSeen,
): Promise<MicroVmOutputs> {
  if (seen.status === "absent" || seen.status === "taken-over") return claimVm(host, inputs, instanceId);
  if (inputs.state === "on-demand" || seen.status === "stopped" || seen.status === "ended") return seen;
  await stopVm(host, inputs, instanceId);
  return observeVm(host, inputs, instanceId);
}

async function tellChanges(
  host: Host,
  inputs: MicroVmInputs,
  state: MicroVmState,
  instanceId: string,
  apiSocket: string,
): Promise<void> {
  const swapped = findSwappedDrives(state, inputs);
  if (swapped.length > 0) {
    await runHostProgram(host, {
      what: "Could not put another file in the place of a drive",
      op: "vm.swap_drive",
      args: { ...startArguments(inputs, instanceId), drives: driveArguments(swapped) },
      timeoutMs: swapTimeoutMs,
      onProgress: (text) => {
        showOnResourceLine(inputs.ownUrn, text);
      },
    });
  }
  await withFirecracker(host, apiSocket, { timeoutMs: apiTimeoutMs }, (api) => syncVm(api, state, inputs));
}
