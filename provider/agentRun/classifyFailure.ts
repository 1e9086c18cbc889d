import type { AgentJson } from "./agentJson";
import { findLimitReset } from "./findLimitReset";

/** Why a run failed, for programs. */
export const errorKinds = [
  "agent-failed",
  "not-logged-in",
  "api-refused",
  "rate-limited",
  "budget-reached",
  "turns-reached",
  "timed-out",
  "killed",
  "clone-failed",
  "guest-lost",
] as const;
export type ErrorKind = (typeof errorKinds)[number];

export interface Failure {
  kind: ErrorKind;
  /** For people, without a final full stop. */
  reason: string;
  /** When a limit ends, ISO 8601 in UTC, where the agent said so. */
  resetsAt?: string;
}

export interface Evidence {
  exitCode: number;
  /** What the guest itself knows: a clone that failed, an agent that it ended or that died. */
  guestKind?: string | undefined;
  json?: AgentJson | undefined;
  /** What the agent printed, or the end of it. */
  text: string;
  /** When it had ended; limits tell only the time of the day when they end. */
  finishedAt?: Date | undefined;
}

/**
 * Judges a run by its exit code and `is_error` together: `subtype` says "success" also for runs that failed, and a run
 * that was refused by the API ends with exit code 1.
 */
export function classifyFailure(evidence: Evidence): Failure | undefined {
  const { exitCode, guestKind, json, text, finishedAt = new Date() } = evidence;
  const ofGuest = guestKinds.get(guestKind ?? "");
  if (ofGuest !== undefined) return { ...ofGuest, reason: withFirstLine(ofGuest.reason, text) };
  if (json?.is_error !== true && exitCode === 0) return undefined;
  const said = json === undefined ? text : (json.result ?? json.errors?.find(isString) ?? "");
  const ofSubtype = subtypes.get(json?.subtype ?? "");
  if (ofSubtype !== undefined) return ofSubtype;
  const status = json === undefined ? findStatus(text) : (json.api_error_status ?? undefined);
  if (status === 429 || limitWords.test(said)) {
    const resetsAt = findLimitReset(said, finishedAt);
    const until = resetsAt === undefined ? "" : `, until ${resetsAt}`;
    return {
      kind: "rate-limited",
      reason: withFirstLine(`the API's rate or usage limit was reached${until}`, said),
      ...(resetsAt === undefined ? {} : { resetsAt }),
    };
  }
  if (status !== undefined)
    return {
      kind: "api-refused",
      reason: withFirstLine(`the API refused the agent with status ${status}`, said),
    };
  if (loginWords.test(said))
    return { kind: "not-logged-in", reason: withFirstLine("the agent is not logged in", said) };
  const reason =
    json?.is_error === true
      ? withFirstLine(`the agent reported an error (exit code ${exitCode})`, said)
      : `the agent ended with exit code ${exitCode}`;
  return { kind: "agent-failed", reason };
}

/** What guests send as X-Error-Kind. */
const guestKinds = new Map<string, Failure>([
  ["clone-failed", { kind: "clone-failed", reason: "the repository could not be cloned" }],
  [
    "timed-out",
    { kind: "timed-out", reason: "the agent was ended by its deadline, `timeoutSeconds` of the task" },
  ],
  ["killed", { kind: "killed", reason: "the agent was killed by a signal" }],
]);

const subtypes = new Map<string, Failure>([
  ["error_max_turns", { kind: "turns-reached", reason: "the agent reached `maxTurns` before it was done" }],
  [
    "error_max_budget_usd",
    { kind: "budget-reached", reason: "the agent reached `maxBudgetUsd` before it was done" },
  ],
]);

const limitWords =
  /\b(usage|rate|session|weekly) limit (was )?(reached|exceeded)|hit your ([\w-]+ )?limit|temporarily limiting requests/i;
const loginWords = /please run \/login|not logged in|invalid api key|oauth token (has expired|revoked)/i;

/** Without the agent's object only its words tell: `API Error: 401 …`. */
function findStatus(text: string): number | undefined {
  const status = /\bAPI Error: ([45]\d\d)\b/.exec(text)?.[1];
  return status === undefined ? undefined : Number(status);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

/** Adds what was said, one visible line of it. */
function withFirstLine(reason: string, said: string): string {
  const line =
    said
      .trim()
      .split("\n", 1)[0]
      ?.replaceAll(/\p{C}+/gu, " ")
      .slice(0, 300) ?? "";
  return line === "" ? reason : `${reason}: ${line}`;
}
