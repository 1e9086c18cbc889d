import { createHostLifecycle } from "../hostResource/createHostLifecycle";
import {
  hostNetworkChanges,
  hostNetworkCrossChecks,
  type HostNetworkInputs,
  type HostNetworkOutputs,
  hostNetworkOutputsSchema,
  hostNetworkSchema,
} from "./hostNetworkContract";
import { ensureNetwork, observeNetwork, removeNetwork } from "./hostNetworkWork";

/** The life of a `HostNetwork`: check, diff, create, read, update and delete as Pulumi calls them. */
export const hostNetworkLifecycle = createHostLifecycle<HostNetworkInputs, HostNetworkOutputs>({
  noun: "the network",
  schema: hostNetworkSchema,
  outputsSchema: hostNetworkOutputsSchema,
  crossChecks: hostNetworkCrossChecks,
  changes: hostNetworkChanges,
  hasDrifted: ({ status }) => status !== "ready",
  ensure: ensureNetwork,
  observe: observeNetwork,
  remove: removeNetwork,
  isTakenBack: () => true,
  describeUnknown: () => ({
    status: "absent",
    faults: ["the connection broke while the network was made"],
    findings: [],
    isProven: false,
    resolverIps: [],
  }),
});
