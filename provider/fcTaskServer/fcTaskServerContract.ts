import * as z from "zod";
import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { type ChangeEffect, hostInputsChanges, hostInputsShape } from "../hostResource/hostInputs";
import { netnsSchema, tapIpSchema, tapPortSchema } from "../taskServer/serverIdentity";
import { expected, expectedSecret } from "../validation/expected";
import type { CrossCheck } from "../validation/validateInputs";
import { wholeNumber } from "../validation/wholeNumber";
import { checkGitRepoOverHttp, taskSchema } from "./taskSchema";

const tokenPattern = /^sk-ant[\x21-\x7e]+$/;

/** The inputs of `FcTaskServer` as Pulumi hands them to the provider: types, defaults, messages. */
export const fcTaskServerSchema = z.object({
  ...hostInputsShape,
  tapIp: tapIpSchema,
  tapPort: tapPortSchema,
  netns: netnsSchema,
  oauthToken: z
    .string({
      error: ({ input }) => expectedSecret("oauthToken", "a token that starts with `sk-ant`", input),
    })
    .regex(tokenPattern, {
      error: ({ input }) =>
        expectedSecret(
          "oauthToken",
          "a token that starts with `sk-ant` and has no blanks (see `claude setup-token`)",
          input,
        ),
    }),
  task: taskSchema.optional(),
  running: z
    .union([z.boolean(), z.literal("on-demand")], {
      error: ({ input }) => expected("running", 'true, false or "on-demand"', input),
    })
    .default(true),
  maxResultBytes: wholeNumber("maxResultBytes", 1, 16 * 1024 ** 3, "bytes").default(64 * 1024 ** 2),
  resultRetentionHours: wholeNumber("resultRetentionHours", 1, 24 * 365, "hours").default(168),
});

export const fcTaskServerCrossChecks: readonly CrossCheck[] = [
  ...connectionCrossChecks,
  checkGitRepoOverHttp,
  checkOnDemandTask,
];

/** A server that only runs while a run needs it has nobody to hand a task of its own to. */
function checkOnDemandTask(
  { running, task }: Readonly<Record<string, unknown>>,
  report: (path: string, message: string) => void,
): void {
  if (running === "on-demand" && task !== undefined) {
    report(
      "task",
      'Expected no `task` with `running: "on-demand"`: give it to the `AgentRun` that uses the server',
    );
  }
}

/** Checked inputs, defaults filled in. */
export type FcTaskServerInputs = z.infer<typeof fcTaskServerSchema>;

/**
 * How the server was last seen. `running`: it answers and listens; `deaf`: it runs, but nothing listens on the TAP
 * address; `stopped`: its queue and results are there, its process is not; `absent`: the host knows nothing of it;
 * `taken-over`: another stack owns it now.
 */
export const serverStatuses = ["running", "deaf", "stopped", "absent", "taken-over"] as const;
export type ServerStatus = (typeof serverStatuses)[number];

/** The part of the state that the provider adds to the inputs. */
export const fcTaskServerOutputsSchema = z.object({
  url: z.string(),
  status: z.enum(serverStatuses),
  pid: z.number().optional(),
  serverVersion: z.string().optional(),
  startedAt: z.string().optional(),
  /** The id of the task injected last. It stays when `task` is taken away: the next task's id is chained to it. */
  taskId: z.string().optional(),
  /** True while the declared task is not injected, because the server is not to run. */
  isTaskPending: z.boolean().default(false),
});
export type FcTaskServerOutputs = z.infer<typeof fcTaskServerOutputsSchema>;

/** Inputs and outputs together, as they stand in the stack's state. */
export type FcTaskServerState = FcTaskServerInputs & FcTaskServerOutputs;

/**
 * The diff table. `replace`: the server is another one, the old one is stopped first. `sync`: handed to the running
 * server, which goes on in the same process. `record`: kept in the state, the host is not contacted.
 */
export const fcTaskServerChanges: Readonly<Record<string, ChangeEffect>> = {
  ...hostInputsChanges,
  tapIp: "replace",
  tapPort: "replace",
  netns: "replace",
  oauthToken: "sync",
  task: "sync",
  running: "sync",
  maxResultBytes: "sync",
  resultRetentionHours: "sync",
};
