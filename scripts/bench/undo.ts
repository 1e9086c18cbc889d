/** A step that takes something away again. */
export type UndoStep = () => void | Promise<void>;

/** Registers a step that runs when the work is over, in whatever way. */
export type Defer = (step: UndoStep) => void;

/** What has to be taken away again: at the end of the work that made it, or at once when the bench is interrupted. */
export class Undo {
  private readonly steps: UndoStep[] = [];

  /** Does work and takes away, last first, what it has made. */
  public async around<T>(work: (defer: Defer) => Promise<T>): Promise<T> {
    const mark = this.steps.length;
    try {
      return await work((step) => this.steps.push(step));
    } finally {
      await this.unwind(mark);
    }
  }

  /** Runs all steps down to a mark, each once; a step that fails keeps no other from running. */
  public async unwind(mark = 0): Promise<void> {
    const faults: unknown[] = [];
    while (this.steps.length > mark) {
      try {
        await this.steps.pop()?.();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }
}
