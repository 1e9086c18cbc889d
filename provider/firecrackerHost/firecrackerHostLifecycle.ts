import { createHostLifecycle } from "../hostResource/createHostLifecycle";
import {
  firecrackerHostChanges,
  firecrackerHostCrossChecks,
  type FirecrackerHostInputs,
  type FirecrackerHostOutputs,
  firecrackerHostOutputsSchema,
  firecrackerHostSchema,
} from "./firecrackerHostContract";
import { ensureFirecracker, observeFirecracker, removeFirecracker } from "./firecrackerWork";

/** The life of a `FirecrackerHost`: check, diff, create, read, update and delete as Pulumi calls them. */
export const firecrackerHostLifecycle = createHostLifecycle<FirecrackerHostInputs, FirecrackerHostOutputs>({
  noun: "Firecracker",
  schema: firecrackerHostSchema,
  outputsSchema: firecrackerHostOutputsSchema,
  crossChecks: firecrackerHostCrossChecks,
  changes: firecrackerHostChanges,
  hasDrifted: (state) => state.status !== "ready",
  ensure: ensureFirecracker,
  observe: observeFirecracker,
  remove: (host, _state, instanceId) => removeFirecracker(host, instanceId),
  describeUnknown: () => ({ status: "absent", findings: [] }),
});
