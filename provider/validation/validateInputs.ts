import type * as z from "zod";
import { isUnknown } from "./unknownValue";

/** A failed check, in the shape that Pulumi's `check` returns. */
export interface InputFailure {
  property: string;
  reason: string;
}

/** A rule over more than one input. It sees the raw inputs, and reports through `report`. */
export type CrossCheck = (
  inputs: Readonly<Record<string, unknown>>,
  report: (path: string, message: string) => void,
) => void;

export type Validated<T> = { inputs: T; failures: [] } | { inputs: undefined; failures: InputFailure[] };

/**
 * Checks raw inputs against a schema and the rules between inputs, and returns every failure at once.
 * Failures at, above or below a value that is not known yet are left to the next check, when it is.
 */
export function validateInputs<T>(
  schema: z.ZodType<T>,
  crossChecks: readonly CrossCheck[],
  raw: Readonly<Record<string, unknown>>,
): Validated<T> {
  const unknownPaths = findUnknownPaths(raw, "");
  const failures: InputFailure[] = [];
  const report = (path: string, message: string): void => {
    const concernsUnknown = unknownPaths.some(
      (unknown) => unknown === path || unknown.startsWith(`${path}.`) || path.startsWith(`${unknown}.`),
    );
    const isRepeated = failures.some((failure) => failure.property === path && failure.reason === message);
    if (!concernsUnknown && !isRepeated) failures.push({ property: path, reason: message });
  };
  const parsed = schema.safeParse(raw);
  if (!parsed.success) for (const issue of parsed.error.issues) report(issue.path.join("."), issue.message);
  for (const check of crossChecks) check(raw, report);
  if (failures.length > 0) return { inputs: undefined, failures };
  // With unknown values the schema may have failed without a failure to report: then the raw inputs are what we know.
  return { inputs: parsed.success ? parsed.data : (raw as T), failures: [] };
}

function findUnknownPaths(value: unknown, path: string): string[] {
  if (isUnknown(value)) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    findUnknownPaths(child, path === "" ? key : `${path}.${key}`),
  );
}
