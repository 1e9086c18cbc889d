import { isDeepStrictEqual } from "node:util";
import { TaskServerAbsentError } from "../errors/taskServerAbsentError";
import { TaskServerDeafError } from "../errors/taskServerDeafError";
import type { Known } from "../hostResource/hostResourceKind";
import type { Host } from "../ssh/host";
import { isRefusal, protocolVersion } from "../taskServer/controlClient";
import { deployServer, type ServerSettings, stopServer } from "../taskServer/runLoader";
import { serverArchive } from "../taskServer/serverArchive";
import { serverUrl } from "../taskServer/serverIdentity";
import { deriveTaskId } from "../taskServer/taskId";
import type { ControlStatus, TaskSubmission } from "../taskServer/taskRecord";
import { identifyTask, submitTaskAs } from "./taskSubmission";
import { withControl } from "../taskServer/withControl";
import type {
  FcTaskServerInputs,
  FcTaskServerOutputs,
  FcTaskServerState,
  ServerStatus,
} from "./fcTaskServerContract";

/** Bounds a request to a server that runs. It answers in milliseconds; a full disk or a heavy load may take long. */
const controlTimeoutMs = 30_000;

/** The server as the stack's state has it; `state` is absent while it is created. */
export type KnownServer = Known<FcTaskServerState>;

/**
 * Brings a task server to what the inputs declare, from whatever state it is in: observe, deploy if it does not run,
 * hand over token and limits, inject the task if it is a new one. The same flow serves create and update.
 */
export async function reconcileServer(
  host: Host,
  inputs: FcTaskServerInputs,
  known: KnownServer,
): Promise<FcTaskServerOutputs> {
  const { instanceId, state } = known;
  const submission = planSubmission(inputs, state);
  if (inputs.running === false) return stop(host, inputs, known, submission !== undefined);
  if (inputs.running === "on-demand") return leave(host, inputs, known);
  const status =
    (state === undefined ? undefined : await syncRunning(host, inputs, instanceId, state, submission)) ??
    (await deploy(host, inputs, known, submission));
  if (status.listening === false) throw new TaskServerDeafError(host.name, inputs, status.listenError);
  return {
    ...describeServer(inputs, status),
    taskId: submission?.id ?? state?.taskId,
    isTaskPending: false,
  };
}

/** The task to inject, or nothing when the declared one was injected before. */
export function planSubmission(
  inputs: FcTaskServerInputs,
  prior?: FcTaskServerState,
): TaskSubmission | undefined {
  const { task, stableKey } = inputs;
  if (task === undefined) return undefined;
  if (prior !== undefined && !prior.isTaskPending && isDeepStrictEqual(prior.task, task)) return undefined;
  const id = deriveTaskId({
    stableKey,
    server: inputs,
    task: identifyTask(task),
    previousTaskId: prior?.taskId,
  });
  return submitTaskAs(task, { id, owner: stableKey, injected: true });
}

/** Maps what a server says of itself to the resource's outputs. */
export function describeServer(
  inputs: FcTaskServerInputs,
  status: ControlStatus,
): Omit<FcTaskServerOutputs, "taskId" | "isTaskPending"> {
  return {
    url: serverUrl(inputs),
    status: statusOfInstance(status, status.instanceId),
    pid: status.status === "running" ? status.pid : undefined,
    serverVersion: status.serverVersion,
    startedAt: status.status === "running" ? status.startedAt : undefined,
  };
}

/** The status of the instance that the state names; another instance in its place belongs to someone else. */
export function statusOfInstance(status: ControlStatus, instanceId: string | undefined): ServerStatus {
  if (status.status === "absent") return "absent";
  if (status.instanceId !== undefined && status.instanceId !== instanceId) return "taken-over";
  return status.status === "running" && status.listening === false ? "deaf" : status.status;
}

/** Hands everything to the running server. Answers nothing when there is none that could take it. */
async function syncRunning(
  host: Host,
  inputs: FcTaskServerInputs,
  instanceId: string,
  state: FcTaskServerState,
  submission: TaskSubmission | undefined,
): Promise<ControlStatus | undefined> {
  const withdrawnTaskId = inputs.task === undefined && state.task !== undefined ? state.taskId : undefined;
  try {
    return await withControl(host, inputs, { timeoutMs: controlTimeoutMs }, async (client) => {
      const status = await client.status();
      const isOurs =
        statusOfInstance(status, instanceId) === "running" && status.protocolVersion === protocolVersion;
      // A server that an upgrade of this package left in place is replaced as soon as it has nothing to do.
      const isOutdated = status.idle === true && status.serverVersion !== serverArchive().version;
      if (!isOurs || isOutdated) return undefined;
      await client.configure(settingsOf(inputs, state.taskId));
      if (submission !== undefined) await client.submit(submission);
      else if (withdrawnTaskId !== undefined) await client.cancel(withdrawnTaskId);
      return status;
    });
  } catch (error) {
    if (error instanceof TaskServerAbsentError || isDown(error)) return undefined;
    throw error;
  }
}

/** A server that cannot go on by itself: a deployment starts it anew, or says what keeps it from starting. */
function isDown(error: unknown): boolean {
  return isRefusal(error, "not_answering", "absent", "database_damaged");
}

function deploy(
  host: Host,
  inputs: FcTaskServerInputs,
  { instanceId, state }: KnownServer,
  submission: TaskSubmission | undefined,
): Promise<ControlStatus> {
  const taskId = state?.taskId;
  const { stableKey, takeOver, ...rest } = inputs;
  return deployServer(host, {
    identity: identityOf(rest),
    owner: stableKey,
    instanceId,
    takeOver,
    ...settingsOf(inputs, submission?.id ?? taskId),
    submission,
  });
}

async function stop(
  host: Host,
  inputs: FcTaskServerInputs,
  { instanceId, state }: KnownServer,
  hasNewTask: boolean,
): Promise<FcTaskServerOutputs> {
  if (state !== undefined)
    await stopServer(host, { identity: identityOf(inputs), instanceId, remove: false });
  return {
    ...describeServer(inputs, { status: "stopped", uncollected: [] }),
    taskId: state?.taskId,
    isTaskPending: hasNewTask || (state?.isTaskPending ?? false),
  };
}

/**
 * A server for runs that start and stop it themselves. One that is at work for a run is told what changed; one that has
 * nothing to do is stopped.
 */
async function leave(
  host: Host,
  inputs: FcTaskServerInputs,
  known: KnownServer,
): Promise<FcTaskServerOutputs> {
  const { instanceId, state } = known;
  const status =
    state === undefined ? undefined : await syncRunning(host, inputs, instanceId, state, undefined);
  if (status === undefined || status.idle === true) return stop(host, inputs, known, false);
  return { ...describeServer(inputs, status), taskId: state?.taskId, isTaskPending: false };
}

/** What a running server is told: its variables too, which are in its memory only. */
function settingsOf(
  { oauthToken, maxResultBytes, resultRetentionHours, task }: FcTaskServerInputs,
  taskId: string | undefined,
): ServerSettings {
  return {
    token: oauthToken,
    limits: { maxResultBytes, resultRetentionHours },
    taskEnv: taskId === undefined || task?.env === undefined ? {} : { [taskId]: task.env },
  };
}

export function identityOf({
  netns,
  tapIp,
  tapPort,
}: FcTaskServerInputs | Omit<FcTaskServerInputs, "stableKey" | "takeOver">): {
  netns?: string | undefined;
  tapIp: string;
  tapPort: number;
} {
  return { netns, tapIp, tapPort };
}
