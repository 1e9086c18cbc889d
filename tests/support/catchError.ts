import assert from "node:assert/strict";

/** Waits for a promise that has to reject, and returns its error. */
export async function catchError(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof Error, "expected a rejection");
  return error;
}
