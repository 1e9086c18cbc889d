import { FcAgentsError } from "../errors/fcAgentsError";
import type { AgentRunInputs, AgentRunOutputs } from "./agentRunContract";
import type { GuestEnd } from "./companions";

/** How much of a failed agent's output an error shows, in characters: what it says last says why. */
const shownTailLength = 2000;
const shownSerialLength = 500;

/** Thrown when the agent ran and failed, or when the task ended without a result. */
export class AgentFailedError extends FcAgentsError {
  public constructor(outputs: AgentRunOutputs) {
    const { taskId, guest, reason = "it ended without a result", result } = outputs;
    const tail =
      result === undefined || result === ""
        ? ""
        : `\nLast lines of the agent's output:\n${result.slice(-shownTailLength)}`;
    super({
      what: `The run of task ${taskId}${guest === undefined ? "" : ` in guest ${guest}`} failed`,
      reason,
      hint:
        "`pulumi up` tries again, with a new run that is paid for anew; `failOnAgentError: false` keeps the failure as " +
        `the run's result.${tail}`,
    });
  }
}

/** Thrown when a task was not finished within `timeoutSeconds`. */
export class RunTimedOutError extends FcAgentsError {
  public constructor(
    { taskId, status, guest, claimedAt }: AgentRunOutputs,
    { timeoutSeconds }: AgentRunInputs,
  ) {
    const standing =
      status === "claimed"
        ? `the guest ${guest ?? ""} has had it since ${claimedAt ?? "an unknown time"}`
        : "no guest has asked for it: is the microVM up, and does it poll this server?";
    super({
      what: `Waiting for task ${taskId} timed out`,
      reason: `it was still ${status} after ${timeoutSeconds} s (${standing})`,
      hint: "The task goes on: `pulumi up` waits for it again without a second run. Raise `timeoutSeconds` to wait longer.",
    });
  }
}

/** Thrown when a task that a guest had claimed is not known to its server any more. */
export class RecordGoneError extends FcAgentsError {
  public constructor(taskId: string, cause: unknown) {
    super({
      what: `Could not collect the result of task ${taskId}`,
      reason: "the task server has no record of it any more, though a guest had claimed it",
      hint: "It may have run and been paid for, so it is not run again by itself: change `triggers` to run it anew.",
      cause,
    });
  }
}

/** Thrown when the microVM ended before its guest had asked for the task: nothing has run, and nothing is lost. */
export class GuestEndedError extends FcAgentsError {
  public constructor(host: string, taskId: string, { how, serialTail }: GuestEnd) {
    super({
      what: `The microVM ended before it asked for task ${taskId}`,
      host,
      reason: how,
      hint: "The task is still queued: `pulumi up` starts the microVM again. Its serial console ends with:",
      logTail: serialTail,
    });
  }
}

/** Why a run failed whose microVM ended in the middle of it. */
export function describeGuestEnd({ how, serialTail }: GuestEnd): string {
  const tail = serialTail.trim();
  return `the microVM ended (${how}) before the result came${tail === "" ? "" : `; its serial console ended with: ${tail.slice(-shownSerialLength)}`}`;
}
