/** Prints the demo's steps, one line each with its time at the end, and below it what is worth seeing. */
export class DemoReport {
  /** What was not as it should be. */
  public readonly faults: string[] = [];
  private readonly start = performance.now();
  private isLineOpen = false;

  public constructor(private readonly write: (text: string) => void) {}

  public say(...lines: readonly string[]): void {
    this.closeLine();
    for (const line of lines) this.write(`${line}\n`);
  }

  /** Announces a step, does it, and says how long it took. */
  public async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    this.write(`\n▸ ${title} … `);
    this.isLineOpen = true;
    try {
      return await work();
    } finally {
      const took = formatSeconds(performance.now() - start);
      this.write(this.hasOpenLine() ? `${took}\n` : `    (${took})\n`);
      this.isLineOpen = false;
    }
  }

  /** Lines below a step, also while it goes on. */
  public detail(...lines: readonly string[]): void {
    this.closeLine();
    for (const line of lines) this.write(`    ${line}\n`);
  }

  /** Says what was expected, and whether it is so. */
  public expect(isTrue: boolean, expectation: string): void {
    this.detail(`${isTrue ? "✓" : "✗"} ${expectation}`);
    if (!isTrue) this.faults.push(expectation);
  }

  public close(): void {
    const took = `in ${formatSeconds(performance.now() - this.start)}`;
    if (this.faults.length === 0) this.say("", `The demo did all of it ${took}, and left nothing behind.`);
    else
      this.say("", `The demo ended ${took}; not as expected:`, ...this.faults.map((fault) => `  ✗ ${fault}`));
  }

  private hasOpenLine(): boolean {
    return this.isLineOpen;
  }

  private closeLine(): void {
    if (this.isLineOpen) this.write("\n");
    this.isLineOpen = false;
  }
}

function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
