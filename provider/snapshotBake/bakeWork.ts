import { createHash } from "node:crypto";
import { HostRefusedError } from "../errors/hostRefusedError";
import { showOnResourceLine } from "../forward/engineLog";
import type { HostNetworkInputs } from "../hostNetwork/hostNetworkContract";
import { ensureNetwork, removeNetwork } from "../hostNetwork/hostNetworkWork";
import type { Known } from "../hostResource/hostResourceKind";
import { type MicroVmInputs, vmIdOf } from "../microVm/microVmContract";
import { removeVm, startVm } from "../microVm/microVmWork";
import { observeSnapshot, removeSnapshot, takeSnapshot } from "../snapshot/snapshotWork";
import type { Host } from "../ssh/host";
import { describeBakeParts } from "./bakeParts";
import type { SnapshotBakeInputs, SnapshotBakeOutputs, SnapshotBakeState } from "./snapshotBakeContract";

/**
 * Bakes, unless the snapshot is there: network → microVM → wait until its guest is ready → snapshot; then microVM and
 * network go, also after a failure. What an interrupted bake has left is found by its names, and used or removed.
 */
export async function bake(
  host: Host,
  inputs: SnapshotBakeInputs,
  { instanceId, state, signal }: Known<SnapshotBakeState>,
): Promise<SnapshotBakeOutputs> {
  if (state !== undefined) {
    const seen = await observeBake(host, state, instanceId);
    if (seen.status === "present") return seen;
  }
  const parts = describeBakeParts(inputs);
  const show = (text: string): void => {
    showOnResourceLine(inputs.ownUrn, text);
  };
  try {
    await ensureNetwork(host, parts.network, { instanceId });
    signal?.throwIfAborted();
    // One of an earlier attempt may be in the middle of anything.
    await removeVm(host, parts.microVm, instanceId);
    const startedAt = performance.now();
    await startVm(host, parts.microVm, instanceId, show).catch(explainUnready);
    const bootSeconds = (performance.now() - startedAt) / 1000;
    signal?.throwIfAborted();
    const { status, snapshotPath, memoryPath, sizeBytes } = await takeSnapshot(
      host,
      {
        name: bakeNameOf(inputs),
        owner: inputs.stableKey,
        instanceId,
        takeOver: inputs.takeOver,
        vm: { vmId: vmIdOf(parts.microVm), instanceId },
        snapshotType: "Full",
        afterwards: "stop",
      },
      show,
    );
    await tearDown(host, parts, instanceId);
    return { status, snapshotPath, memoryPath, sizeBytes, bootSeconds };
  } catch (error) {
    // The error that is told is the first one; what cannot be removed now is removed by the next attempt or a destroy.
    await tearDown(host, parts, instanceId).catch(() => undefined);
    throw error;
  }
}

/** Looks at the snapshot's files. */
export async function observeBake(
  host: Host,
  state: SnapshotBakeState,
  instanceId: string,
): Promise<SnapshotBakeOutputs> {
  const { status, snapshotPath, memoryPath, sizeBytes } = await observeSnapshot(host, {
    name: bakeNameOf(state),
    instanceId,
  });
  return { status, snapshotPath, memoryPath, sizeBytes, bootSeconds: state.bootSeconds };
}

/** Removes the snapshot, and whatever an interrupted bake has left. Clones that were restored from it go on. */
export async function removeBake(
  host: Host,
  state: SnapshotBakeState,
  instanceId: string,
): Promise<readonly string[]> {
  await removeSnapshot(host, { name: bakeNameOf(state), instanceId });
  return tearDown(host, describeBakeParts(state), instanceId);
}

/** Whoever bakes knows the options of the bake, and not those of its microVM. */
function explainUnready(error: unknown): never {
  if (!(error instanceof HostRefusedError) || error.code !== "serial_timeout") throw error;
  throw new HostRefusedError("The guest did not become ready", error.host ?? "", {
    code: error.code,
    message: error.reason,
    hint:
      "Raise `bootTimeoutSeconds`, or correct `readyText`; the guest's serial console has to be on " +
      "(`console=ttyS0` among `bootArgs`).",
    logTail: error.logTail,
  });
}

async function tearDown(
  host: Host,
  { network, microVm }: { network: HostNetworkInputs; microVm: MicroVmInputs },
  instanceId: string,
): Promise<readonly string[]> {
  await removeVm(host, microVm, instanceId);
  return removeNetwork(host, network, instanceId);
}

/** The snapshot's name on its host: derived, so that an interrupted `up` finds what it has left there. */
function bakeNameOf({ stableKey }: Pick<SnapshotBakeInputs, "stableKey">): string {
  return `bake-${createHash("sha256").update(stableKey).digest("hex").slice(0, 12)}`;
}
