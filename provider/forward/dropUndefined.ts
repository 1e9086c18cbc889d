/**
 * Copies a plain value without the properties that are `undefined`. What carries values to the engine, protocol
 * buffers' `Struct`, knows no `undefined` and refuses it with 'Unexpected struct type'.
 */
export function dropUndefined<T>(value: T): T;
export function dropUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => dropUndefined(element));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, child]) => child !== undefined);
  return Object.fromEntries(kept.map(([key, child]: [string, unknown]) => [key, dropUndefined(child)]));
}
