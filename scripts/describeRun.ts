import * as z from "zod";
import type { LogWatch } from "./logWatch";

const runSchema = z.object({
  taskId: z.string(),
  queuedAt: z.string(),
  claimedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  result: z.string().optional(),
  costUsd: z.number().optional(),
  patch: z.string().optional(),
  commit: z.string().optional(),
});

/** What the state of an `AgentRun` shows of its run, for people. */
export function describeRun(state: unknown): string[] {
  const { result, costUsd, patch } = runSchema.parse(state);
  const lines = [`result: ${JSON.stringify(result)}`];
  if (costUsd !== undefined) lines.push(`cost: $${costUsd.toFixed(4)}`);
  if (patch !== undefined && patch !== "") {
    lines.push(
      "patch:",
      ...patch
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`),
    );
  }
  return lines;
}

/** Where the time of a run went, by the names of its parts, in milliseconds. */
export type RunTimes = Readonly<Record<string, number | undefined>>;

/** The parts of a run's time; the guest's own where it is known what it said. All on one machine, by one clock. */
export function findTimes(state: unknown, watch: LogWatch | undefined): RunTimes {
  const { taskId, queuedAt, claimedAt, finishedAt } = runSchema.parse(state);
  if (claimedAt === undefined || finishedAt === undefined) return {};
  const claimed = Date.parse(claimedAt);
  const finished = Date.parse(finishedAt);
  const pickUp = claimed - Date.parse(queuedAt);
  const [end] = watch?.find(new RegExp(`^fc-agent: task ${taskId}: exit code`)) ?? [];
  const agentMs = /after (\d+) ms/.exec(end?.text ?? "")?.[1];
  if (end === undefined || agentMs === undefined) return { "pick-up": pickUp, run: finished - claimed };
  return {
    "pick-up": pickUp,
    clone: Math.max(0, end.at - Number(agentMs) - claimed),
    agent: Number(agentMs),
    "patch and return": finished - end.at,
  };
}

export function formatTimes(times: RunTimes): string {
  return Object.entries(times)
    .flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} ${(ms / 1000).toFixed(2)} s`]))
    .join(", ");
}
