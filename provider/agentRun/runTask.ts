import { setTimeout as delay } from "node:timers/promises";
import { FcAgentsError } from "../errors/fcAgentsError";
import { effectiveTask, type AgentRunInputs, type AgentRunOutputs } from "./agentRunContract";
import { identifyTask, submitTaskAs } from "../fcTaskServer/taskSubmission";
import { describeOutcome, inlineBytesFor } from "./describeOutcome";
import type { ActivePlan } from "./planRun";
import type { Host } from "../ssh/host";
import { withHost } from "../ssh/hostPool";
import { type ControlClient, isRefusal, type WaitOutcome } from "../taskServer/controlClient";
import { deriveTaskId } from "../taskServer/taskId";
import { withControl } from "../taskServer/withControl";
import { collectParts } from "./collectParts";
import { collectTotals } from "./collectTotals";
import { openSurroundings, type RunSurroundings } from "./companions";
import { isPassing } from "./passingErrors";
import { ProgressLine } from "./progressLine";
import { runInGuest } from "./runInGuest";
import { waitInGuest } from "./waitInGuest";
import { writeFileWhole } from "./writeFileWhole";
import { writeResultFile } from "./writeResultFile";

/** How long after a lost connection the host is dialed again, in milliseconds; dialing itself waits longer each time. */
const redialDelayMs = 250;

/** What a conversation may take beyond the wait itself, in milliseconds: opening, and moving a large result. */
const transferMs = 600_000;

/** How a run stands when the provider stops looking at it. */
export interface RunProgress {
  outputs: AgentRunOutputs;
  /** The wait's time-out passed before the task was finished. */
  hasTimedOut: boolean;
}

/**
 * Does what the plan says and waits for the task's end, at most `timeoutSeconds`. A connection that breaks meanwhile
 * is made anew inside that time: the task is found again by its id. `onProgress` is told what is known as soon as the
 * task is on the server, so that the caller can keep it whatever happens afterwards.
 */
export async function runTask(
  inputs: AgentRunInputs,
  plan: ActivePlan,
  onProgress: (outputs: AgentRunOutputs) => void,
): Promise<RunProgress> {
  const deadline = performance.now() + inputs.timeoutSeconds * 1000;
  // A host that cannot be reached in the beginning is an error at once; one that was there is waited for.
  const contact: Contact = { wasReached: false };
  for (;;) {
    try {
      return await attempt(inputs, plan, deadline, onProgress, contact);
    } catch (error) {
      if (!isPassing(error)) throw contact.lastFault ?? error;
      if (!contact.wasReached || performance.now() + redialDelayMs >= deadline) throw error;
      contact.lastFault = error;
      await delay(redialDelayMs);
    }
  }
}

/** What is known of the way to the host. */
interface Contact {
  wasReached: boolean;
  /** Why it was dialed again: what to tell when the time runs out meanwhile. */
  lastFault?: unknown;
}

async function attempt(
  inputs: AgentRunInputs,
  plan: ActivePlan,
  deadline: number,
  onProgress: (outputs: AgentRunOutputs) => void,
  contact: Contact,
): Promise<RunProgress> {
  const remainingMs = (): number => Math.max(0, Math.ceil(deadline - performance.now()));
  const work = async (host: Host): Promise<RunProgress> => {
    contact.wasReached = true;
    delete contact.lastFault;
    const surroundings = openSurroundings(inputs);
    if (surroundings === undefined) return converse(host, inputs, plan, remainingMs, onProgress);
    return runInGuest(host, inputs, plan, surroundings, (woken) =>
      converse(host, inputs, plan, remainingMs, onProgress, woken),
    );
  };
  // The first dial has its own limits, and its own error.
  const options = contact.wasReached ? { signal: AbortSignal.timeout(remainingMs()) } : {};
  return withHost(inputs.connection, work, options);
}

/** Finds or queues the task, waits for it, and collects its result, in one conversation with the task server. */
function converse(
  host: Host,
  inputs: AgentRunInputs,
  plan: ActivePlan,
  remainingMs: () => number,
  onProgress: (outputs: AgentRunOutputs) => void,
  surroundings?: RunSurroundings,
): Promise<RunProgress> {
  const task = effectiveTask(inputs);
  return withControl(host, inputs, { timeoutMs: remainingMs() + transferMs }, async (client) => {
    const { id, isOwnTask } = await findTask(client, inputs, plan, host.name, onProgress);
    await surroundings?.wakeGuest(host);
    const watch = (): Promise<WaitOutcome> => watchTask(client, id, inputs, remainingMs());
    const outcome =
      surroundings === undefined ? await watch() : await waitInGuest(host, surroundings, id, watch);
    const outputs = describeOutcome(outcome, task, isOwnTask);
    onProgress(outputs);
    if (outcome.isFinal && outcome.record.state === "done") await collect(client, inputs, outcome, outputs);
    return { outputs, hasTimedOut: !outcome.isFinal };
  });
}

/** Waits for the task's end and shows on the resource's line how it stands. */
async function watchTask(
  client: ControlClient,
  id: string,
  inputs: AgentRunInputs,
  timeoutMs: number,
): Promise<WaitOutcome> {
  const line = new ProgressLine(inputs.ownUrn);
  try {
    const inlineBytes = inlineBytesFor(effectiveTask(inputs));
    return await client.wait(id, { timeoutMs, inlineBytes }, (state) => {
      line.update(state);
    });
  } finally {
    line.stop();
  }
}

/** Fetches what belongs to a result, into outputs and local files, and tells the server that it may go. */
async function collect(
  client: ControlClient,
  { resultPath, transcriptPath }: AgentRunInputs,
  outcome: Extract<WaitOutcome, { isFinal: true }>,
  outputs: AgentRunOutputs,
): Promise<void> {
  const { record } = outcome;
  Object.assign(
    outputs,
    await collectParts(client, record),
    await collectTotals(client, record, outputs.json),
  );
  if (resultPath !== undefined) await writeResultFile(client, outcome, resultPath);
  outputs.savedTo = resultPath;
  if (transcriptPath !== undefined) {
    await writeFileWhole("transcriptPath", transcriptPath, async (write) => {
      // A guest of the older generation sends none: then the file is empty.
      if (record.transcriptBytes !== undefined) await client.part(record.id, "transcript", write);
    });
  }
  outputs.transcriptSavedTo = transcriptPath;
  await client.markCollected(record.id);
}

/** Queues the run's task or finds out which one to wait for. Repeating it finds the same task. */
async function findTask(
  client: ControlClient,
  inputs: AgentRunInputs,
  plan: ActivePlan,
  host: string,
  onProgress: (outputs: AgentRunOutputs) => void,
): Promise<{ id: string; isOwnTask: boolean }> {
  switch (plan.kind) {
    case "wait":
      // Variables are in the server's memory only: one that was started again has to be told them anew.
      if (plan.isOwnTask && inputs.task?.env !== undefined)
        await client.configure({ taskEnv: { [plan.taskId]: inputs.task.env } });
      return { id: plan.taskId, isOwnTask: plan.isOwnTask };
    case "collect": {
      const { injectedTaskId } = await client.status();
      if (injectedTaskId === undefined) throw new NothingInjectedError(host);
      return { id: injectedTaskId, isOwnTask: false };
    }
    case "submit": {
      const id = await submitTask(client, inputs, plan.previousTaskId, onProgress);
      return { id, isOwnTask: true };
    }
  }
}

async function submitTask(
  client: ControlClient,
  inputs: AgentRunInputs,
  previousTaskId: string | undefined,
  onProgress: (outputs: AgentRunOutputs) => void,
): Promise<string> {
  const task = effectiveTask(inputs);
  if (task === undefined) throw new Error("An AgentRun without a task passed its checks");
  const { stableKey, triggers } = inputs;
  const id = deriveTaskId({ stableKey, server: inputs, task: identifyTask(task), triggers, previousTaskId });
  const record = await client.submit(submitTaskAs(task, { id, owner: stableKey, injected: false }));
  onProgress(describeOutcome({ isFinal: false, record }, task, true));
  return id;
}

/** Tells whether an error means that the server has no record of the task any more. */
export function isUnknownTask(error: unknown): boolean {
  return isRefusal(error, "unknown_task");
}

/** Thrown when a run without a task of its own finds nothing to collect. */
export class NothingInjectedError extends FcAgentsError {
  public constructor(host: string) {
    super({
      what: "Could not collect a result",
      host,
      reason: "the task server has no injected task",
      hint: "Give the `AgentRun` a `task` of its own, or start the server (`running: true`) so that its task is injected.",
    });
  }
}
