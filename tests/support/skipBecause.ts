/** Skips a test, or the tests below a hook, and says why; does nothing where there is no obstacle. */
export function skipBecause(context: Mocha.Context, obstacle: string | undefined): void {
  if (obstacle === undefined) return;
  console.log(`      skipped: ${obstacle}`);
  context.skip();
}
