import { createHash } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import { IncompleteError } from "../errors/incompleteError";
import { HostUnreachableError } from "../errors/hostUnreachableError";
import { TaskServerAbsentError } from "../errors/taskServerAbsentError";
import type { Lifecycle } from "../forward/lifecycle";
import { withHost } from "../ssh/hostPool";
import { isRefusal } from "../taskServer/controlClient";
import { withControl } from "../taskServer/withControl";
import { keepStableKey } from "../validation/keepStableKey";
import { validateInputs } from "../validation/validateInputs";
import {
  agentRunCrossChecks,
  type AgentRunInputs,
  type AgentRunOutputs,
  agentRunOutputsSchema,
  agentRunSchema,
  type AgentRunState,
} from "./agentRunContract";
import { AgentFailedError, RecordGoneError, RunTimedOutError } from "./agentRunErrors";
import { changesOfRun, isUnfinished, planFirstRun, planNextRun, type ActivePlan } from "./planRun";
import { isUnknownTask, runTask } from "./runTask";

const forgetTimeoutMs = 30_000;

/** The life of an `AgentRun`: check, diff, create, read, update and delete as Pulumi calls them. */
export const agentRunLifecycle: Lifecycle = { check, diff, create, read, update, delete: remove };

function check(olds: unknown, news: unknown): Promise<dynamic.CheckResult> {
  const raw = keepStableKey(olds, news);
  const { inputs, failures } = validateInputs(agentRunSchema, agentRunCrossChecks, raw);
  return Promise.resolve({ inputs: inputs ?? raw, failures });
}

function diff(_id: string, olds: unknown, news: unknown): Promise<dynamic.DiffResult> {
  const state = parseState(olds);
  const parsed = agentRunSchema.safeParse(news);
  const changes = changesOfRun(state, parsed.success ? parsed.data : (news as object));
  return Promise.resolve({ changes: changes.length > 0 || isUnfinished(state) });
}

async function create(rawInputs: unknown): Promise<dynamic.CreateResult> {
  const inputs = agentRunSchema.parse(rawInputs);
  const id = `run-${createHash("sha256").update(inputs.stableKey).digest("hex").slice(0, 16)}`;
  const outputs = await carryOut(id, inputs, planFirstRun(inputs), rawInputs);
  return { id, outs: { ...inputs, ...outputs } };
}

async function update(id: string, olds: unknown, news: unknown): Promise<dynamic.UpdateResult> {
  const state = parseState(olds);
  const inputs = agentRunSchema.parse(news);
  const plan = planNextRun(state, inputs);
  if (plan.kind !== "keep") return { outs: { ...inputs, ...(await carryOut(id, inputs, plan, news)) } };
  const outputs = agentRunOutputsSchema.parse(state);
  const outs = { ...inputs, ...outputs };
  // The failure was accepted before and is not any more: it is told, and the next `pulumi up` tries again.
  if (isUnfinished(outs)) throw new IncompleteError(id, outs, news, new AgentFailedError(outputs));
  return { outs };
}

/** The result is in the state and nothing on the host can change it, so a refresh contacts nobody and runs nothing. */
function read(id: string, props: unknown): Promise<dynamic.ReadResult> {
  return Promise.resolve({ id, props: parseState(props) });
}

/** Withdraws the run's own task if it is still queued, and removes its record. The server's task is the server's. */
async function remove(_id: string, props: unknown): Promise<void> {
  const state = parseState(props);
  if (!state.isOwnTask) return;
  try {
    await withHost(state.connection, (host) =>
      withControl(host, state, { timeoutMs: forgetTimeoutMs }, (client) => client.forget(state.taskId)),
    );
  } catch (error) {
    // A database that cannot be used holds no record of it any more; it goes with its server.
    const isGone = error instanceof TaskServerAbsentError || isRefusal(error, "absent", "database_damaged");
    const isLeft = error instanceof HostUnreachableError && state.deleteUnreachable;
    if (!isGone && !isLeft) throw error;
  }
}

/**
 * Carries a plan out. Whatever goes wrong once the task is on the server leaves what is known in the state, so that
 * the next `pulumi up` goes on with the same task.
 */
async function carryOut(
  id: string,
  inputs: AgentRunInputs,
  plan: ActivePlan,
  rawInputs: unknown,
): Promise<AgentRunOutputs> {
  let known: AgentRunOutputs | undefined;
  try {
    const { outputs, hasTimedOut } = await runTask(inputs, plan, (outputs) => (known = outputs));
    if (hasTimedOut) throw new RunTimedOutError(outputs, inputs);
    if (outputs.status === "cancelled" || (outputs.status === "failed" && inputs.failOnAgentError)) {
      throw new AgentFailedError(outputs);
    }
    return outputs;
  } catch (error) {
    const cause =
      isUnknownTask(error) && plan.kind === "wait" ? new RecordGoneError(plan.taskId, error) : error;
    if (known === undefined) throw cause;
    throw new IncompleteError(id, { ...inputs, ...known }, rawInputs, cause);
  }
}

/** State written by any version of this package: options that it did not know get their defaults. */
function parseState(raw: unknown): AgentRunState {
  return agentRunSchema.and(agentRunOutputsSchema).parse(raw);
}
