import type { TaskSubmission } from "../taskServer/taskRecord";
import type { Task } from "./taskSchema";

/** Words a task for the task server. Its variables go apart from what is stored, since they may be secrets. */
export function submitTaskAs(
  { maxAttempts, env, ...fields }: Task,
  names: Pick<TaskSubmission, "id" | "owner" | "injected">,
): TaskSubmission {
  return { ...names, maxAttempts, fields, ...(env === undefined ? {} : { env }) };
}

/**
 * What a task's id is made of: everything but the values of its variables. An id is an output in plain, and nothing
 * derived from a secret may stand in one; another value still gives a new id, since ids are chained.
 */
export function identifyTask({ env, ...task }: Task): Record<string, unknown> {
  return env === undefined ? task : { ...task, env: Object.keys(env).sort() };
}
