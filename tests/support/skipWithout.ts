import type { Context } from "mocha";

/** Skips the tests of a group, and says why, when something that they need is not there. */
export function skipWithout(context: Context, ...obstacles: readonly (string | undefined)[]): void {
  const obstacle = obstacles.find((found) => found !== undefined);
  if (obstacle === undefined) return;
  console.log(`      skipped: ${obstacle}`);
  context.skip();
}
