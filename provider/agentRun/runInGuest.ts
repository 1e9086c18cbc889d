import { isRefusal } from "../taskServer/controlClient";
import { TaskServerAbsentError } from "../errors/taskServerAbsentError";
import type { Host } from "../ssh/host";
import type { TaskRecord } from "../taskServer/taskRecord";
import { withControl } from "../taskServer/withControl";
import { type AgentRunInputs, effectiveTask } from "./agentRunContract";
import { describeGuestEnd, GuestEndedError } from "./agentRunErrors";
import type { RunSurroundings } from "./companions";
import { describeOutcome } from "./describeOutcome";
import type { ActivePlan } from "./planRun";
import { isPassing } from "./passingErrors";
import type { RunProgress } from "./runTask";
import { GuestEndedSignal } from "./waitInGuest";

const recordTimeoutMs = 30_000;

/** The states of a task that no guest has to do with any more. */
const finalStates: readonly TaskRecord["state"][] = ["done", "failed", "cancelled"];

/** Finds or queues the task and waits for it; with surroundings, its microVM is woken and watched meanwhile. */
type Converse = (surroundings?: RunSurroundings) => Promise<RunProgress>;

/**
 * Carries a run out with its task server and its microVM brought up first, the server before the guest, and takes
 * down again what was up for this run only, as soon as it has ended, whatever its outcome. A run whose wait timed out
 * has not ended: its microVM goes on.
 */
export async function runInGuest(
  host: Host,
  inputs: AgentRunInputs,
  plan: ActivePlan,
  surroundings: RunSurroundings,
  converse: Converse,
): Promise<RunProgress> {
  surroundings.enter();
  let isEnded = false;
  try {
    const progress = await carryOut(host, inputs, plan, surroundings, converse);
    isEnded = !progress.hasTimedOut;
    return progress;
  } catch (error) {
    // A guest that has gone, or did not come up, has nothing to go on with; a connection that broke is made anew.
    isEnded = !surroundings.isGuestUp() && !isPassing(error);
    throw error;
  } finally {
    const isLast = surroundings.leave();
    if (isEnded && isLast) await rest(host, surroundings);
  }
}

async function carryOut(
  host: Host,
  inputs: AgentRunInputs,
  plan: ActivePlan,
  surroundings: RunSurroundings,
  converse: Converse,
): Promise<RunProgress> {
  // A result that has come since the last wait, or was only not saved, needs nobody to be woken.
  if (plan.kind === "wait" && (await isFinished(host, inputs, plan.taskId))) return converse();
  await surroundings.prepareServer(host);
  for (;;) {
    const progress = await attempt(host, inputs, surroundings, converse);
    if (progress !== undefined) return progress;
  }
}

/** Nothing when the guest was lost, and the task may be delivered to it once more. */
async function attempt(
  host: Host,
  inputs: AgentRunInputs,
  surroundings: RunSurroundings,
  converse: Converse,
): Promise<RunProgress | undefined> {
  try {
    return await converse(surroundings);
  } catch (error) {
    if (!(error instanceof GuestEndedSignal)) throw error;
    const { taskId, end } = error;
    const record = await findRecord(host, inputs, taskId);
    if (finalStates.includes(record.state)) return converse();
    if (record.state === "queued") throw new GuestEndedError(host.name, taskId, end);
    const task = effectiveTask(inputs);
    if (record.attempts < (task?.maxAttempts ?? 1)) return undefined;
    // Nobody can bring its result any more; the server must not take another guest at that address for this one.
    await withControl(host, inputs, { timeoutMs: recordTimeoutMs }, (client) => client.forget(taskId));
    const outputs = describeOutcome({ isFinal: false, record }, task, inputs.task !== undefined);
    return {
      outputs: {
        ...outputs,
        status: "failed",
        reason: describeGuestEnd(end),
        errorKind: "guest-lost",
        isAgentError: true,
      },
      hasTimedOut: false,
    };
  }
}

async function isFinished(host: Host, inputs: AgentRunInputs, taskId: string): Promise<boolean> {
  try {
    return finalStates.includes((await findRecord(host, inputs, taskId)).state);
  } catch (error) {
    // Whatever is wrong with it shows, or mends itself, once the server runs.
    if (error instanceof TaskServerAbsentError) return false;
    if (isRefusal(error, "unknown_task", "server_stopped", "not_answering", "absent")) return false;
    throw error;
  }
}

async function findRecord(host: Host, inputs: AgentRunInputs, taskId: string): Promise<TaskRecord> {
  const { record } = await withControl(host, inputs, { timeoutMs: recordTimeoutMs }, (client) =>
    client.wait(taskId, { timeoutMs: 0, inlineBytes: 0 }),
  );
  return record;
}

/** A result that is there must not be lost because something does not stop: a person is told instead. */
async function rest(host: Host, surroundings: RunSurroundings): Promise<void> {
  try {
    await surroundings.rest(host);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `warning: The run has ended, but not all that was up for it could be stopped: ${reason} A destroy stops it.\n`,
    );
  }
}
