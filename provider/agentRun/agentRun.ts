import * as pulumi from "@pulumi/pulumi";
import type { FcTaskServer } from "../fcTaskServer/fcTaskServer";
import type { TaskArgs } from "../fcTaskServer/taskArgs";
import { forwardingProvider } from "../forward/forwardingProvider";
import type { MicroVm } from "../microVm/microVm";
import { stableKeyOf } from "../forward/stableKey";
import { ownUrnOf } from "../forward/ownUrn";
import { wellFormed } from "../forward/wellFormed";
import type { ErrorKind } from "./classifyFailure";
import type { TaskState } from "../taskServer/taskRecord";

/** One object for all resources of the kind: Pulumi serializes each object once, which takes 15 ms. */
const provider = forwardingProvider("AgentRun");

/** The inputs of an {@link AgentRun}. */
export interface AgentRunArgs {
  /**
   * The task server that hands the task to the guest. One with `running: "on-demand"` is started for the run, and
   * stopped when that has ended.
   */
  server: FcTaskServer;
  /**
   * The microVM in which the guest is. Its end is noticed while the run waits; one that is declared
   * `state: "on-demand"` is started for the run, and stopped when that has ended, whatever its outcome. A run whose
   * wait timed out goes on in its microVM. Default: none, the microVM is up by itself.
   */
  microVm?: MicroVm;
  /** The run's own task. Default: the one that `server` injects. A change runs the agent again. */
  task?: pulumi.Input<TaskArgs>;
  /** How long to wait for the result, in seconds, 10 to 86400. Default: 300. Running out of it ends no task. */
  timeoutSeconds?: pulumi.Input<number>;
  /** Values whose change runs the agent again, with the same task. Default: none. */
  triggers?: pulumi.Input<pulumi.Input<unknown>[]>;
  /** Whether an agent that fails fails the deployment. The next `pulumi up` then tries again. Default: true. */
  failOnAgentError?: pulumi.Input<boolean>;
  /**
   * Local file that the whole result is written to, byte for byte, readable by its owner only. Relative paths start at
   * the program's folder. Default: none.
   */
  resultPath?: pulumi.Input<string>;
  /**
   * Local file that the agent's events are written to, one JSON object a line, up to 16 MiB of them, readable by its
   * owner only. Guests of the older generation send none: the file is empty then. Default: none.
   */
  transcriptPath?: pulumi.Input<string>;
}

/**
 * One run of an agent: waits for a task's result, which is its output.
 *
 * Only a change of the task or of `triggers` runs an agent again, and a `pulumi up` after a failure that was told. An
 * interrupted or timed-out `pulumi up` finds the same task on the host and goes on waiting for it. Deleting withdraws
 * the run's own task if it is still queued, and forgets its record.
 *
 * Errors: the agent failed (with the tail of its output), the wait timed out, the guest lost the task, the host or the
 * server cannot be reached.
 *
 * @example
 * ```ts
 * const run = new AgentRun("review", {
 *   server,
 *   task: { prompt: "Review the last commit", outputFormat: "json", effort: "high" },
 *   timeoutSeconds: 1800,
 *   triggers: [commit],
 * });
 * export const review = run.result;
 * export const cost = run.costUsd;
 * ```
 */
export class AgentRun extends pulumi.dynamic.Resource {
  /**
   * What the agent printed; with `outputFormat: "json"` its answer's text. Of results over 1 MiB, head and tail with a
   * note of what is left out; bytes that are not UTF-8 are shown as replacement characters (`resultPath` has all).
   */
  declare public readonly result: pulumi.Output<string>;
  /** Exit code of the agent. */
  declare public readonly exitCode: pulumi.Output<number | undefined>;
  /** done, or failed (with `failOnAgentError: false`). */
  declare public readonly status: pulumi.Output<TaskState>;
  /** Why the run failed; absent when it did not. */
  declare public readonly reason: pulumi.Output<string | undefined>;
  /** Id of the task. */
  declare public readonly taskId: pulumi.Output<string>;
  /** How often the task was delivered to a guest. */
  declare public readonly attempts: pulumi.Output<number>;
  /** Address of the guest that ran it. */
  declare public readonly guest: pulumi.Output<string | undefined>;
  /** When the task was queued, ISO 8601 in UTC. */
  declare public readonly queuedAt: pulumi.Output<string>;
  /** When the guest took it. */
  declare public readonly claimedAt: pulumi.Output<string | undefined>;
  /** When the result was stored. */
  declare public readonly finishedAt: pulumi.Output<string | undefined>;
  /** Seconds from claim to result. */
  declare public readonly durationSeconds: pulumi.Output<number | undefined>;
  /** Size of the whole result in bytes. */
  declare public readonly resultBytes: pulumi.Output<number | undefined>;
  /** SHA-256 of the whole result, lower-case hex. */
  declare public readonly resultSha256: pulumi.Output<string | undefined>;
  /** Whether `result` holds head and tail only. */
  declare public readonly isTruncated: pulumi.Output<boolean>;
  /** Whether the agent had printed its token, which was masked before the result was stored. */
  declare public readonly isTokenMasked: pulumi.Output<boolean>;
  /** With `outputFormat: "json"`: the object that the agent printed, up to 1 MiB. */
  declare public readonly json: pulumi.Output<Record<string, unknown> | undefined>;
  /** With `outputFormat: "json"`: the tokens used, as the agent counts them. */
  declare public readonly usage: pulumi.Output<Record<string, unknown> | undefined>;
  /** With `outputFormat: "json"`: cost of the run in US dollars. */
  declare public readonly costUsd: pulumi.Output<number | undefined>;
  /** With `outputFormat: "json"`: id of the agent's session. */
  declare public readonly sessionId: pulumi.Output<string | undefined>;
  /** With `outputFormat: "json"`: number of turns the agent took. */
  declare public readonly numTurns: pulumi.Output<number | undefined>;
  /** Tokens and cost of each model, as the agent counts them. */
  declare public readonly modelUsage: pulumi.Output<Record<string, unknown> | undefined>;
  /** Why the run failed, for programs; absent when it did not. */
  declare public readonly errorKind: pulumi.Output<ErrorKind | undefined>;
  /** With `errorKind` rate-limited: when the limit ends, ISO 8601 in UTC, if the agent said so. */
  declare public readonly limitResetsAt: pulumi.Output<string | undefined>;
  /** The end of what the agent wrote to its standard error. */
  declare public readonly stderrTail: pulumi.Output<string | undefined>;
  /** With a repository: what the agent changed against `commit`, committed or not, for `git apply`. */
  declare public readonly patch: pulumi.Output<string | undefined>;
  /** With a repository: the commit that the agent started from. */
  declare public readonly commit: pulumi.Output<string | undefined>;

  public constructor(name: string, args: AgentRunArgs, opts?: pulumi.CustomResourceOptions) {
    const { server, task, microVm, ...own } = args;
    const { connection, tapIp, tapPort, netns, deleteUnreachable } = server.declared;
    super(
      provider,
      name,
      {
        ...own,
        ...{ connection, tapIp, tapPort, netns, deleteUnreachable },
        task: wellFormed("task", task),
        serverTask: task === undefined ? server.declared.task : undefined,
        microVm: microVm === undefined ? undefined : companion(microVm),
        onDemandServer: mayBeOnDemand(server) ? companion(server) : undefined,
        stableKey: stableKeyOf("AgentRun", name, opts),
        ownUrn: ownUrnOf("AgentRun", name, opts),
        ...noOutputsYet,
      },
      pulumi.mergeOptions(
        {
          additionalSecretOutputs: ["connection", "microVm", "onDemandServer"],
          dependsOn: microVm === undefined ? [server] : [server, microVm],
        },
        opts,
      ),
      "fc-agents",
      "AgentRun",
    );
  }
}

/** The server's token is taken over only where the run may have to start it. */
function mayBeOnDemand({ declared: { running = true } }: FcTaskServer): boolean {
  return typeof running !== "boolean";
}

/** A resource as the run needs it to start and stop what it stands for. */
function companion(resource: FcTaskServer | MicroVm): Record<string, unknown> {
  const { id, stableKey, declared } = resource;
  return { instanceId: id, stableKey, declared };
}

/** Pulumi makes a property of each key of the inputs; those of the outputs have to be among them. */
const noOutputsYet = Object.fromEntries(
  [
    ...[
      "result",
      "exitCode",
      "status",
      "reason",
      "taskId",
      "attempts",
      "guest",
      "queuedAt",
      "claimedAt",
      "finishedAt",
    ],
    ...["durationSeconds", "resultBytes", "resultSha256", "isTruncated", "isTokenMasked"],
    ...["json", "usage", "costUsd", "sessionId", "numTurns", "modelUsage"],
    ...["errorKind", "limitResetsAt", "stderrTail", "patch", "commit"],
  ].map((output) => [output, undefined]),
);
