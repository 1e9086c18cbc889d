import { createHostLifecycle } from "../hostResource/createHostLifecycle";
import type { Host } from "../ssh/host";
import { stopServer } from "../taskServer/runLoader";
import { observeServer } from "../taskServer/withControl";
import {
  fcTaskServerChanges,
  fcTaskServerCrossChecks,
  type FcTaskServerInputs,
  type FcTaskServerOutputs,
  fcTaskServerOutputsSchema,
  fcTaskServerSchema,
  type FcTaskServerState,
  type ServerStatus,
  serverStatuses,
} from "./fcTaskServerContract";
import { describeServer, identityOf, reconcileServer, statusOfInstance } from "./reconcileServer";

const statusTimeoutMs = 30_000;

/** The life of an `FcTaskServer`: check, diff, create, read, update and delete as Pulumi calls them. */
export const fcTaskServerLifecycle = createHostLifecycle<FcTaskServerInputs, FcTaskServerOutputs>({
  noun: "the task server",
  removeVerb: "stop",
  schema: fcTaskServerSchema,
  outputsSchema: fcTaskServerOutputsSchema,
  crossChecks: fcTaskServerCrossChecks,
  changes: fcTaskServerChanges,
  hasDrifted: (state) => state.isTaskPending || !expectedStatuses(state.running).includes(state.status),
  ensure: reconcileServer,
  observe,
  remove,
  describeUnknown: (inputs) => ({
    ...describeServer(inputs, { status: "absent", uncollected: [] }),
    isTaskPending: true,
  }),
});

/** A server that runs on demand may be up or down: that is up to the runs. */
function expectedStatuses(running: FcTaskServerInputs["running"]): readonly ServerStatus[] {
  if (running === "on-demand") return serverStatuses.filter((status) => status !== "taken-over");
  return running ? ["running"] : ["stopped"];
}

/** A server that is down keeps the id of its last task: without it the chain of task ids would be lost. */
async function observe(
  host: Host,
  state: FcTaskServerState,
  instanceId: string,
): Promise<FcTaskServerOutputs> {
  const seen = await observeServer(host, identityOf(state), { timeoutMs: statusTimeoutMs });
  return {
    ...fcTaskServerOutputsSchema.parse(state),
    ...describeServer(state, seen),
    status: statusOfInstance(seen, instanceId),
  };
}

async function remove(host: Host, state: FcTaskServerState, instanceId: string): Promise<string[]> {
  const { uncollected } = await stopServer(host, { identity: identityOf(state), instanceId, remove: true });
  if (uncollected.length === 0) return [];
  return [
    `${state.url}: removed with results that nobody had collected, of the tasks ${describeIds(uncollected)}`,
  ];
}

/** A warning is to be read: of many ids the first ones will do. */
function describeIds(ids: readonly string[]): string {
  const shown = ids.slice(0, 10).join(", ");
  return ids.length <= 10 ? shown : `${shown} and ${ids.length - 10} more`;
}
