import { withLoginDefaults } from "../connection/withLoginDefaults";
import { findChanges } from "../validation/findChanges";
import { agentRunChanges, type AgentRunInputs, type AgentRunState, type RunEffect } from "./agentRunContract";

/**
 * What an update does. `submit`: an agent runs (again), under an id chained to the previous one. `collect`: the task
 * that the server injected is asked for and waited for. `wait`: a known task goes on. `keep`: nothing runs.
 */
export type RunPlan = ActivePlan | { kind: "keep" };

/** A plan that has to do with the host. */
export type ActivePlan =
  | { kind: "submit"; previousTaskId: string | undefined }
  | { kind: "collect" }
  | { kind: "wait"; taskId: string; isOwnTask: boolean };

/** A new `AgentRun` queues its own task, or collects the one that its server injected. */
export function planFirstRun(inputs: AgentRunInputs): ActivePlan {
  return inputs.task === undefined ? { kind: "collect" } : { kind: "submit", previousTaskId: undefined };
}

/**
 * Decides what an update does. An agent runs again only for another task, other triggers, or after a failure that the
 * stack was told of: then the next `pulumi up` is a person's wish to try again.
 */
export function planNextRun(state: AgentRunState, inputs: AgentRunInputs): RunPlan {
  const changed = changesOfRun(state, inputs);
  const hasChange = (...names: string[]): boolean => changed.some(({ property }) => names.includes(property));
  const isOtherServer = changed.some(({ effect }) => effect === "collect");
  const wait: RunPlan = { kind: "wait", taskId: state.taskId, isOwnTask: state.isOwnTask };
  const again: RunPlan = { kind: "submit", previousTaskId: state.taskId };

  if (inputs.task !== undefined && hasChange("task", "triggers")) return again;
  if (inputs.task === undefined && (hasChange("task", "serverTask") || isOtherServer))
    return { kind: "collect" };
  if (hasChange("triggers")) return again;

  switch (state.status) {
    case "done":
      return isUnsaved(state, inputs) ? wait : { kind: "keep" };
    case "failed":
      return state.failOnAgentError && inputs.failOnAgentError ? again : { kind: "keep" };
    case "cancelled":
      return again;
    case "queued":
    case "claimed":
      // The server that had it was replaced, and its tasks with it.
      if (isOtherServer) return again;
      return wait;
  }
}

/** The rows of the diff table that changed. */
export function changesOfRun(olds: object, news: object): { property: string; effect: RunEffect }[] {
  return findChanges(agentRunChanges, withLoginDefaults(olds), withLoginDefaults(news));
}

/** Whether the run is not what the stack wants it to be, although no input changed. */
export function isUnfinished(state: AgentRunState): boolean {
  if (state.status === "done") return isUnsaved(state, state);
  return !(state.status === "failed" && !state.failOnAgentError);
}

/** The result is known, but not yet in the files that the stack wants. */
function isUnsaved(state: AgentRunState, { resultPath, transcriptPath }: AgentRunInputs): boolean {
  return (
    (resultPath !== undefined && resultPath !== state.savedTo) ||
    (transcriptPath !== undefined && transcriptPath !== state.transcriptSavedTo)
  );
}
