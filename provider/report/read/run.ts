import type { CutText } from "./cutText";

/** One transcript, as far as it could be read. Times are milliseconds since 1970, and absent without time stamps. */
export interface Run {
  /** What the reader called it: the file's name. */
  readonly name: string;
  prompt?: string;
  model?: string;
  cwd?: string;
  sessionId?: string;
  agentVersion?: string;
  firstAtMs?: number;
  lastAtMs?: number;
  readonly entries: Entry[];
  result?: RunResult;
  isCutOff: boolean;
  readonly leftovers: Leftovers;
}

export type Entry = Turn | Note;

/** One answer of the model, with what its tools returned. */
export interface Turn {
  readonly kind: "turn";
  /** Counted from 1. */
  readonly number: number;
  /** The tool call that a sub-agent works for. */
  readonly parentToolUseId: string | undefined;
  model?: string;
  readonly blocks: Block[];
  tokens: TokenCounts;
  /** When the last line of the model's answer was written. */
  answeredAtMs?: number;
}

/** What happened between two turns. */
export interface Note {
  readonly kind: "note";
  readonly title: string;
  readonly text?: CutText;
}

export type Block =
  | { readonly kind: "text" | "thinking"; text: CutText }
  | { readonly kind: "other"; readonly type: string }
  | ToolCall;

export interface ToolCall {
  readonly kind: "tool";
  readonly id: string | undefined;
  readonly name: string;
  readonly input: unknown;
  readonly calledAtMs: number | undefined;
  result?: ToolResult;
}

export interface ToolResult {
  readonly text: CutText;
  readonly isError: boolean;
  /** What the tool itself reported, beside the text for the model. */
  readonly details: unknown;
  readonly returnedAtMs: number | undefined;
}

export interface TokenCounts {
  readonly input: number;
  readonly cacheWrite: number;
  readonly cacheRead: number;
  readonly output: number;
}

export interface ModelUsage extends TokenCounts {
  readonly model: string;
  readonly costUsd: number | undefined;
}

/** The agent's last event. */
export interface RunResult {
  readonly subtype: string | undefined;
  readonly isError: boolean;
  readonly apiErrorStatus: string | undefined;
  readonly text: CutText | undefined;
  readonly errors: readonly string[];
  readonly permissionDenials: number;
  readonly numTurns: number | undefined;
  readonly durationMs: number | undefined;
  readonly apiDurationMs: number | undefined;
  readonly costUsd: number | undefined;
  readonly tokens: TokenCounts | undefined;
  readonly modelUsage: readonly ModelUsage[];
}

/** What is not on the page. */
export interface Leftovers {
  lineCount: number;
  brokenCount: number;
  /** The first few of the broken lines. */
  readonly broken: { readonly line: number; readonly reason: string; readonly excerpt: string }[];
  /** How many events of each type were passed over. */
  readonly unknownTypes: Map<string, number>;
}
