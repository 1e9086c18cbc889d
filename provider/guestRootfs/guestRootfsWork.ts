import * as z from "zod";
import { showOnResourceLine } from "../forward/engineLog";
import { runHostProgram } from "../hostProgram/runHostProgram";
import type { Known } from "../hostResource/hostResourceKind";
import type { Host } from "../ssh/host";
import {
  type GuestRootfsInputs,
  type GuestRootfsOutputs,
  type GuestRootfsState,
  imageNameOf,
  imageStatuses,
} from "./guestRootfsContract";
import { contentHashOf, specifyImage } from "./imageSpec";

/**
 * The recommended arguments of the guest's kernel. The guest agent is the first process: an agent's machine needs no
 * services, and starts in a fraction of the time. `reboot=k` and `panic=1` end Firecracker when the guest ends
 * (Firecracker's documentation); `random.trust_cpu` spares a young machine the wait for random numbers.
 */
export const bootArgs =
  "console=ttyS0 reboot=k panic=1 pci=off quiet random.trust_cpu=on init=/sbin/fc-agent";

const imagesFolder = "/var/lib/fc-agents/images";
/** Beside the build itself: to connect, to wait for another build's lock, to read an image. */
const marginMs = 120_000;
const observeTimeoutMs = 120_000;

const seenSchema = z.object({
  status: z.enum(imageStatuses),
  imagePath: z.string().optional(),
  buildHash: z.string().optional(),
  filesHash: z.string().optional(),
  agentHash: z.string().optional(),
  sizeBytes: z.number().optional(),
  builtAt: z.string().optional(),
});

const removedSchema = z.object({ users: z.array(z.string()) });

/** Builds the image, replaces the guest agent in it, or finds that there is nothing to do. */
export async function ensureImage(
  host: Host,
  inputs: GuestRootfsInputs,
  { instanceId }: Known<GuestRootfsState>,
): Promise<GuestRootfsOutputs> {
  const answer = await runHostProgram(host, {
    what: "Could not make the guest's image",
    op: "rootfs.ensure",
    args: {
      name: imageNameOf(inputs),
      owner: inputs.stableKey,
      instanceId,
      takeOver: inputs.takeOver,
      timeoutSeconds: inputs.timeoutSeconds,
      spec: specifyImage(inputs),
    },
    timeoutMs: inputs.timeoutSeconds * 1000 + marginMs,
    onProgress: (text) => {
      showOnResourceLine(inputs.ownUrn, text);
    },
  });
  return describeImage(inputs, answer);
}

export async function observeImage(
  host: Host,
  state: GuestRootfsState,
  instanceId: string,
): Promise<GuestRootfsOutputs> {
  const answer = await runHostProgram(host, {
    what: "Could not look at the guest's image",
    op: "rootfs.observe",
    args: { name: imageNameOf(state), instanceId },
    timeoutMs: observeTimeoutMs,
  });
  return describeImage(state, answer);
}

/** @returns what a person should know: that a machine still runs from the image. */
export async function removeImage(
  host: Host,
  state: GuestRootfsState,
  instanceId: string,
): Promise<string[]> {
  const answer = await runHostProgram(host, {
    what: "Could not remove the guest's image",
    op: "rootfs.remove",
    args: { name: imageNameOf(state), instanceId },
    timeoutMs: observeTimeoutMs,
  });
  const { users } = removedSchema.parse(answer);
  if (users.length === 0) return [];
  return [`The image ${imageNameOf(state)} was removed while it is in use by ${users.join(", ")}`];
}

/** The outputs, from what the host says; without an answer those of an image that is not there. */
export function describeImage(
  inputs: GuestRootfsInputs,
  answer: unknown = { status: "absent" },
): GuestRootfsOutputs {
  const seen = seenSchema.parse(answer);
  return {
    status: seen.status,
    imagePath: seen.imagePath ?? `${imagesFolder}/${imageNameOf(inputs)}/rootfs.ext4`,
    contentHash: contentHashOf(seen),
    agentHash: seen.agentHash ?? "",
    sizeBytes: seen.sizeBytes ?? 0,
    builtAt: seen.builtAt,
    bootArgs,
  };
}
