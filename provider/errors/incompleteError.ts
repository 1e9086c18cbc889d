import { dropUndefined } from "../forward/dropUndefined";

/**
 * What Pulumi takes as 'created, but not fully initialised': it keeps id and properties in the state, prints the
 * reasons, and calls `update` with the next `pulumi up`.
 */
export class IncompleteError extends Error {
  public readonly reasons: string[];
  public readonly properties: Record<string, unknown>;

  /** `rawInputs` are the inputs as Pulumi handed them over: they hold the provider's code, which has to stay in the state. */
  public constructor(
    public readonly id: string,
    properties: Record<string, unknown>,
    rawInputs: unknown,
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(reason, { cause });
    this.name = "IncompleteError";
    this.reasons = [reason];
    const { __provider } = Object(rawInputs) as { __provider?: unknown };
    this.properties = { ...dropUndefined(properties), __provider };
  }
}
