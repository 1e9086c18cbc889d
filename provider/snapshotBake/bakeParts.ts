import {
  hostNetworkCrossChecks,
  type HostNetworkInputs,
  hostNetworkSchema,
} from "../hostNetwork/hostNetworkContract";
import { microVmCrossChecks, type MicroVmInputs, microVmSchema } from "../microVm/microVmContract";
import { validateInputs } from "../validation/validateInputs";

type Raw = Readonly<Record<string, unknown>>;

/** What a bake brings up for the while, as the resources of their own would be declared. */
export interface BakeParts {
  network: HostNetworkInputs;
  microVm: MicroVmInputs;
}

/** The network and the microVM of a bake. Both belong to it: nothing else has a claim on them. */
export function describeBakeParts(inputs: Raw): BakeParts {
  return {
    network: hostNetworkSchema.parse(networkOf(inputs)),
    microVm: microVmSchema.parse(microVmOf(inputs)),
  };
}

/** Checks the parts as their own resources do, and tells failures by the part that they are in. */
export function checkBakeParts(inputs: Raw, report: (path: string, message: string) => void): void {
  const parts = [
    ["network", validateInputs(hostNetworkSchema, hostNetworkCrossChecks, networkOf(inputs))],
    ["microVm", validateInputs(microVmSchema, microVmCrossChecks, microVmOf(inputs))],
  ] as const;
  for (const [name, { failures }] of parts) {
    for (const { property, reason } of failures) {
      const [root = ""] = property.split(".");
      // What all parts share is checked and told once, by the bake itself.
      if (root in shared(inputs)) continue;
      report(`${name}.${property}`, reason);
    }
  }
}

function networkOf(inputs: Raw): Raw {
  return { ...(Object(inputs.network) as object), ...shared(inputs) };
}

function microVmOf(inputs: Raw): Raw {
  // It is ended while it is paused: nobody in there could heed a key press.
  return {
    ...(Object(inputs.microVm) as object),
    ...shared(inputs),
    state: "running",
    shutdownTimeoutSeconds: 0,
  };
}

function shared({ connection, deleteUnreachable, takeOver, stableKey, ownUrn }: Raw): Raw {
  return { connection, deleteUnreachable, takeOver, stableKey, ownUrn };
}
