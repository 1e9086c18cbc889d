/** What an error is made of; only its text crosses from the provider process to the Pulumi CLI. */
export interface FcAgentsErrorDetails {
  /** What failed, as a phrase: "Could not deploy the task server". */
  what: string;
  /** Where: `user@host:port`, absent for failures that concern no host. */
  host?: string;
  /** Why, as a phrase without a final full stop. Never holds a secret. */
  reason: string;
  /** Which option or command mends it, as a sentence. */
  hint?: string;
  /** The last lines of a log that belongs to the failure. */
  logTail?: string;
  cause?: unknown;
}

/**
 * Base class of every error that this package throws on purpose. The message stands alone:
 * `<what failed> on <host>: <reason>. <hint>`, then the log's tail.
 */
export class FcAgentsError extends Error {
  public readonly host: string | undefined;
  public readonly reason: string;
  public readonly hint: string | undefined;

  public constructor(details: FcAgentsErrorDetails) {
    super(formatMessage(details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.host = details.host;
    this.reason = details.reason;
    this.hint = details.hint;
  }
}

function formatMessage({ what, host, reason, hint, logTail }: FcAgentsErrorDetails): string {
  const where = host === undefined ? "" : ` on ${host}`;
  const sentence = `${what}${where}: ${reason.replace(/\.\s*$/, "")}.`;
  const log =
    logTail === undefined || logTail.trim() === "" ? "" : `\nLast lines of the log:\n${logTail.trimEnd()}`;
  return `${sentence}${hint === undefined ? "" : ` ${hint}`}${log}`;
}
