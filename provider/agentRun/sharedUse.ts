/**
 * Counts who uses a thing in this process, by a key. One process serves all resources of a `pulumi up`: of several runs
 * on one server or microVM the last one stops it.
 */
export class SharedUse {
  private readonly users = new Map<string, number>();

  public begin(key: string): void {
    this.users.set(key, this.count(key) + 1);
  }

  /** Tells whether that was the last user. */
  public end(key: string): boolean {
    const left = this.count(key) - 1;
    if (left > 0) this.users.set(key, left);
    else this.users.delete(key);
    return left <= 0;
  }

  private count(key: string): number {
    return this.users.get(key) ?? 0;
  }
}
