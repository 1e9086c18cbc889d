import * as z from "zod";

/** Where a task stands. `done`, `failed` and `cancelled` are final. */
export const taskStates = ["queued", "claimed", "done", "failed", "cancelled"] as const;

export type TaskState = (typeof taskStates)[number];

/** What the task server knows of a task. Times are ISO 8601 in UTC with milliseconds. */
export const taskRecordSchema = z.object({
  id: z.string(),
  owner: z.string(),
  state: z.enum(taskStates),
  /** Why the task failed or was withdrawn. */
  reason: z.string().optional(),
  attempts: z.number(),
  /** The address of the guest that claimed it last. */
  guest: z.string().optional(),
  queuedAt: z.string(),
  claimedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  durationMs: z.number().optional(),
  exitCode: z.number().optional(),
  resultBytes: z.number().optional(),
  resultSha256: z.string().optional(),
  /** The agent had printed its token; it was masked before the result was stored. */
  /** What the guest itself knows of a failure. */
  errorKind: z.string().optional(),
  /** How long the agent ran, by the guest's own clock. */
  agentDurationMs: z.number().optional(),
  /** What the guest sent beside the result: stderr, patch, commit. */
  parts: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })).default([]),
  transcriptBytes: z.number().optional(),
  masked: z.boolean().default(false),
  collected: z.boolean().default(false),
});
export type TaskRecord = z.infer<typeof taskRecordSchema>;

/** The control side's answer to `status`. Offline, only what the folder tells is there. */
export const controlStatusSchema = z.object({
  status: z.enum(["running", "stopped", "absent"]),
  pid: z.number().optional(),
  serverVersion: z.string().optional(),
  protocolVersion: z.number().optional(),
  instanceId: z.string().optional(),
  owner: z.string().optional(),
  startedAt: z.string().optional(),
  listening: z.boolean().optional(),
  listenError: z.string().optional(),
  injectedTaskId: z.string().optional(),
  /** No task is queued or claimed: the process may be replaced by one of another version. */
  idle: z.boolean().optional(),
  uncollected: z.array(z.string()).default([]),
});
export type ControlStatus = z.infer<typeof controlStatusSchema>;

/** How a run is going, as its guest tells it. Nothing in it is to be relied on. */
export const runProgressSchema = z.object({
  state: z.string().optional(),
  turn: z.number().optional(),
  tool: z.string().optional(),
  detail: z.string().optional(),
  costUsd: z.number().optional(),
});
export type RunProgress = z.infer<typeof runProgressSchema>;

/** A task as it is handed to the task server. `fields` reach the guest as they are. */
export interface TaskSubmission {
  id: string;
  owner: string;
  /** True for the task of `FcTaskServer` itself, which `AgentRun`s without a task of their own collect. */
  injected: boolean;
  maxAttempts: number;
  fields: Readonly<Record<string, unknown>>;
  /** Environment variables of the agent: kept in the server's memory only. */
  env?: Readonly<Record<string, string>> | undefined;
}
