import * as z from "zod";
import { showOnResourceLine } from "../forward/engineLog";
import { runHostProgram } from "../hostProgram/runHostProgram";
import type { Known } from "../hostResource/hostResourceKind";
import type { Host } from "../ssh/host";
import { parseAllowEntry } from "./allowEntry";
import type { Egress } from "./egressSchema";
import {
  type HostNetworkInputs,
  type HostNetworkOutputs,
  type HostNetworkState,
  networkNameOf,
  networkStatuses,
} from "./hostNetworkContract";
import { formatIpv4Network, networkAround } from "./ipv4Network";

/** Bounds the making of a network: a second on an idle host, and names that do not answer take their time. */
const ensureTimeoutMs = 180_000;
const observeTimeoutMs = 60_000;
const removeTimeoutMs = 120_000;

/** JSON's null stands for what there is not. */
const answerSchema = z.object({
  status: z.enum(networkStatuses),
  faults: z.array(z.string()),
  findings: z.array(z.string()),
  isProven: z.boolean(),
  linkSubnet: z.string().nullable(),
  linkDevice: z.string().nullable(),
  uplinkDevice: z.string().nullable(),
  resolverIps: z.array(z.string()),
});

const removedSchema = z.object({ warnings: z.array(z.string()) });

/**
 * Brings a network to what is declared, in one command on the host: makes it, mends it, or gives it other rules.
 *
 * @throws HostRefusedError when the host cannot have it: what a creation had made by then is gone again.
 */
export async function ensureNetwork(
  host: Host,
  inputs: HostNetworkInputs,
  known: Known<HostNetworkState>,
): Promise<HostNetworkOutputs> {
  const answer = await runHostProgram(host, {
    what: "Could not make the network",
    op: "network.ensure",
    args: {
      ...describePlan(inputs),
      owner: inputs.stableKey,
      instanceId: known.instanceId,
      takeOver: inputs.takeOver,
    },
    timeoutMs: ensureTimeoutMs,
    onProgress: (text) => {
      showOnResourceLine(inputs.ownUrn, text);
    },
  });
  return readOutputs(answer);
}

/** Looks at a network and changes nothing. */
export async function observeNetwork(
  host: Host,
  inputs: HostNetworkInputs,
  instanceId: string,
): Promise<HostNetworkOutputs> {
  const answer = await runHostProgram(host, {
    what: "Could not look at the network",
    op: "network.observe",
    args: { ...describePlan(inputs), instanceId },
    timeoutMs: observeTimeoutMs,
  });
  return readOutputs(answer);
}

/** Removes exactly this instance, and returns what a person should be warned of. That it is gone is success. */
export async function removeNetwork(
  host: Host,
  inputs: HostNetworkInputs,
  instanceId: string,
): Promise<readonly string[]> {
  const answer = await runHostProgram(host, {
    what: "Could not remove the network",
    op: "network.remove",
    args: { name: networkNameOf(inputs), instanceId },
    timeoutMs: removeTimeoutMs,
  });
  return removedSchema.parse(answer).warnings;
}

function readOutputs(answer: unknown): HostNetworkOutputs {
  const { linkSubnet, linkDevice, uplinkDevice, ...rest } = answerSchema.parse(answer);
  return {
    ...rest,
    linkSubnet: linkSubnet ?? undefined,
    linkDevice: linkDevice ?? undefined,
    uplinkDevice: uplinkDevice ?? undefined,
  };
}

/** The arguments that the host program makes its plan of (fc_host/network/plan.py). */
function describePlan(inputs: HostNetworkInputs): object {
  const { tapName, hostIp, prefix, guestSubnet, tapMac, tapUid, tapGid, netns, vethSubnet } = inputs;
  const { taskPort, egress, resolvers, uplink } = inputs;
  return {
    name: networkNameOf(inputs),
    ...{ tapName, hostIp, prefix, tapMac, tapUid, tapGid, netns, vethSubnet, taskPort, resolvers, uplink },
    guestSubnet: guestSubnet ?? formatIpv4Network(networkAround(hostIp, prefix)),
    egress: describeEgress(egress),
  };
}

function describeEgress(egress: Egress): object {
  if (typeof egress === "string") return { mode: egress };
  const entries = egress.allow.map(parseAllowEntry).filter((entry) => typeof entry !== "string");
  return {
    mode: "allow",
    nets: entries
      .filter(({ kind }) => kind === "network")
      .map(({ target, port, protocol }) => ({ network: target, port, protocol })),
    names: entries
      .filter(({ kind }) => kind === "name")
      .map(({ target, port, protocol }) => ({ name: target, port, protocol })),
  };
}
