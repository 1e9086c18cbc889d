import type * as z from "zod";
import type { Host } from "../ssh/host";
import type { CrossCheck } from "../validation/validateInputs";
import type { ChangeEffect, HostInputs } from "./hostInputs";

/** The thing on the host as the stack knows it. */
export interface Known<State> {
  /** Names one creation of the thing, so that only that one is ever changed or removed. It is the resource's id. */
  instanceId: string;
  /** Absent while it is created. */
  state?: State | undefined;
  /** Aborted when nobody wants a creation any more: it is taken back, so nothing more must be made. */
  signal?: AbortSignal | undefined;
}

/** A kind of resource that lives on a host: what it is, and the work that its life cycle consists of. */
export interface HostResourceKind<Inputs extends Omit<HostInputs, "ownUrn">, Outputs extends object> {
  /** What a person calls it: "the task server". */
  readonly noun: string;
  /** What its removal is called. Default: remove. */
  readonly removeVerb?: "stop" | "remove";
  readonly schema: z.ZodType<Inputs>;
  readonly outputsSchema: z.ZodType<Outputs>;
  readonly crossChecks: readonly CrossCheck[];
  /** The diff table: what a change of each input means. A row may name one field of an input, with a dot. */
  readonly changes: Readonly<Record<string, ChangeEffect>>;
  /** Whether the thing was last seen to be other than what is declared, although no input changed. */
  hasDrifted(state: Inputs & Outputs): boolean;
  /**
   * Observe → ensure → sync, for creation and update alike: brings the thing to what is declared, from whatever state
   * it is in. When it throws while it creates, what it made is gone again.
   */
  ensure(host: Host, inputs: Inputs, known: Known<Inputs & Outputs>): Promise<Outputs>;
  /** Looks at the thing. That it is gone is no error but a status. */
  observe(host: Host, state: Inputs & Outputs, instanceId: string): Promise<Outputs>;
  /** Removes exactly this instance; that it is gone is success. Returns what a person should be warned of. */
  remove(host: Host, state: Inputs & Outputs, instanceId: string): Promise<readonly string[]>;
  /**
   * Whether a creation is taken back when the CLI is killed in the middle of it: then a destroy would not know of it.
   * Only for what nobody can have begun to use by then.
   */
  isTakenBack?(inputs: Inputs): boolean;
  /** The outputs of a creation whose end is not known, because the connection broke: they have to count as drift. */
  describeUnknown(inputs: Inputs): Outputs;
  /** Whether a creation that failed has left something that the next `pulumi up` or a destroy has to know of. */
  isKeptAfter?(error: unknown): boolean;
}
