/**
 * What an input that is not known yet looks like in `check` and `diff` during a preview, whatever its type.
 * Source: `unknownValue` in \@pulumi/pulumi/runtime/rpc.
 */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Tells whether a value is the stand-in of an input that the engine does not know yet. */
export function isUnknown(value: unknown): boolean {
  return value === unknownValue;
}

/** Tells whether a value is unknown or holds an unknown one anywhere inside. */
export function containsUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(containsUnknown);
}
