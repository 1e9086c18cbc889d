import { createHash } from "node:crypto";
import type { ServerIdentity } from "./serverIdentity";

export interface TaskIdParts {
  /** The stable key of the resource that wants the task: project, stack, type and name at its creation. */
  stableKey: string;
  server: ServerIdentity;
  /** The task's fields, defaults filled in. */
  task: Readonly<Record<string, unknown>>;
  triggers?: readonly unknown[];
  /** The id that this resource used last, which makes a deliberate repetition a task of its own. */
  previousTaskId?: string | undefined;
}

/**
 * Derives a task's id from what makes it that task. The same wish gives the same id, so an interrupted `pulumi up`
 * finds its task on the host instead of paying for a second run. 128 bits of SHA-256, as lower-case hex.
 */
export function deriveTaskId({
  stableKey,
  server,
  task,
  triggers = [],
  previousTaskId,
}: TaskIdParts): string {
  const { netns, tapIp, tapPort } = server;
  const parts = [
    stableKey,
    netns ?? null,
    tapIp,
    tapPort,
    sortKeys(task),
    triggers.map(sortKeys),
    previousTaskId ?? null,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** JSON keeps the order in which keys were set; an id must not depend on it. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .filter(([, child]) => child !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, child]) => [key, sortKeys(child)]);
}
