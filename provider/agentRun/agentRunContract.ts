import * as z from "zod";
import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { connectionSchema } from "../connection/connectionSchema";
import { checkGitRepoOverHttp, type Task, taskSchema } from "../fcTaskServer/taskSchema";
import { netnsSchema, tapIpSchema, tapPortSchema } from "../taskServer/serverIdentity";
import { taskStates } from "../taskServer/taskRecord";
import { errorKinds } from "./classifyFailure";
import { companionsShape } from "./companions";
import { expected } from "../validation/expected";
import { flag } from "../validation/flag";
import type { CrossCheck } from "../validation/validateInputs";
import { wholeNumber } from "../validation/wholeNumber";

function localFile(property: string): z.ZodOptional<z.ZodString> {
  const error = ({ input }: { input?: unknown }): string =>
    expected(property, "the path of a local file", input);
  return z
    .string({ error })
    .refine((path) => path.trim() !== "" && !path.includes("\0") && !path.endsWith("/"), { error })
    .optional();
}

/** The inputs of `AgentRun` as Pulumi hands them to the provider. Those of the server come from its own inputs. */
export const agentRunSchema = z.object({
  connection: connectionSchema,
  tapIp: tapIpSchema,
  tapPort: tapPortSchema,
  netns: netnsSchema,
  deleteUnreachable: flag("deleteUnreachable", false),
  /** The run's own task. Without it the run collects the task of the server. */
  task: taskSchema.optional(),
  /** The task of the server, so that a change of it is seen as a change of the run. */
  serverTask: taskSchema.optional(),
  timeoutSeconds: wholeNumber("timeoutSeconds", 10, 86_400, "seconds").default(300),
  triggers: z
    .array(z.unknown(), { error: ({ input }) => expected("triggers", "an array of values", input) })
    .default([]),
  failOnAgentError: flag("failOnAgentError", true),
  resultPath: localFile("resultPath"),
  transcriptPath: localFile("transcriptPath"),
  ...companionsShape,
  stableKey: z.string().min(1),
  /** Where the run stands in `pulumi up`'s display. Pulumi sends no input that is named `urn`. */
  ownUrn: z.string().optional(),
});

export const agentRunCrossChecks: readonly CrossCheck[] = [
  ...connectionCrossChecks,
  checkGitRepoOverHttp,
  checkHasTask,
  checkMicroVm,
];

/** Checked inputs, defaults filled in. */
export type AgentRunInputs = z.infer<typeof agentRunSchema>;

/** What a run has come to know. Times are ISO 8601 in UTC; durations in seconds; sizes in bytes. */
export const agentRunOutputsSchema = z.object({
  taskId: z.string(),
  status: z.enum(taskStates),
  /** Why the task failed or was withdrawn, when it ended without a result. */
  reason: z.string().optional(),
  result: z.string().optional(),
  exitCode: z.number().optional(),
  attempts: z.number(),
  guest: z.string().optional(),
  queuedAt: z.string(),
  claimedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  durationSeconds: z.number().optional(),
  resultBytes: z.number().optional(),
  resultSha256: z.string().optional(),
  isTruncated: z.boolean().default(false),
  isTokenMasked: z.boolean().default(false),
  /** The agent's own JSON object, with `outputFormat: "json"`. */
  json: z.record(z.string(), z.unknown()).optional(),
  usage: z.record(z.string(), z.unknown()).optional(),
  costUsd: z.number().optional(),
  sessionId: z.string().optional(),
  numTurns: z.number().optional(),
  modelUsage: z.record(z.string(), z.unknown()).optional(),
  /** Why the run failed, for programs. */
  errorKind: z.enum(errorKinds).optional(),
  limitResetsAt: z.string().optional(),
  stderrTail: z.string().optional(),
  patch: z.string().optional(),
  commit: z.string().optional(),
  /** The agent said that it failed, by its exit code or in its JSON. */
  isAgentError: z.boolean().default(false),
  /** The run queued this task itself, so its record goes with the run; else it is the server's. */
  isOwnTask: z.boolean(),
  /** The `resultPath` that the whole result was written to. */
  savedTo: z.string().optional(),
  /** The `transcriptPath` that the agent's events were written to. */
  transcriptSavedTo: z.string().optional(),
});
export type AgentRunOutputs = z.infer<typeof agentRunOutputsSchema>;

/** Inputs and outputs together, as they stand in the stack's state. */
export type AgentRunState = AgentRunInputs & AgentRunOutputs;

/** The task that the run is about: its own, or else the server's. */
export function effectiveTask({ task, serverTask }: AgentRunInputs): Task | undefined {
  return task ?? serverTask;
}

/** What a changed input means for a run. */
export type RunEffect = "run" | "collect" | "record";

/**
 * The diff table. `run`: an agent runs (again). `collect`: another server's task is collected, if the run has none of
 * its own. `record`: kept in the state. An `AgentRun` is never replaced.
 */
export const agentRunChanges: Readonly<Record<string, RunEffect>> = {
  task: "run",
  serverTask: "run",
  triggers: "run",
  "connection.host": "collect",
  "connection.port": "collect",
  "connection.user": "collect",
  "connection.sudo": "collect",
  connection: "record",
  tapIp: "collect",
  tapPort: "collect",
  netns: "collect",
  timeoutSeconds: "record",
  failOnAgentError: "record",
  resultPath: "record",
  transcriptPath: "record",
  deleteUnreachable: "record",
  microVm: "record",
  onDemandServer: "record",
};

function checkHasTask(
  inputs: Readonly<Record<string, unknown>>,
  report: (path: string, message: string) => void,
): void {
  if (inputs.task === undefined && inputs.serverTask === undefined) {
    report("task", "Expected the run to have a `task` of its own, as its `server` has none to collect");
  }
}

/** A run cannot wake what is declared to rest: the next `pulumi up` would stop it again. */
function checkMicroVm(
  { microVm }: Readonly<Record<string, unknown>>,
  report: (path: string, message: string) => void,
): void {
  const { state } = Object((Object(microVm) as Record<string, unknown>).declared) as Record<string, unknown>;
  if (state === "stopped" || state === "paused") {
    report("microVm", expected("microVm", 'declared with `state: "on-demand"` or "running"', state));
  }
}
