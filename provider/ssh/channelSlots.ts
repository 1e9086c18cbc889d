import { runBounded, type Bounds } from "./runBounded";

/** Fewer than sshd's `MaxSessions`, which is 10 by default, so that a person's own session still fits in. */
const defaultCapacity = 8;

/** Keeps the number of commands that run at once over one connection below what sshd allows. */
export class ChannelSlots {
  private taken = 0;
  private capacity = defaultCapacity;
  private readonly waiting: (() => void)[] = [];

  /** Waits for a free slot, first come, first served. The function it returns gives the slot back. */
  public async take(bounds: Bounds): Promise<() => void> {
    if (this.taken >= this.capacity) await this.waitForTurn(bounds);
    else this.taken += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.taken -= 1;
      this.grant();
    };
  }

  /** sshd refused a channel while others were open: it allows fewer. True when waiting for one of them helps. */
  public shrink(): boolean {
    if (this.taken < 2) return false;
    this.capacity = Math.max(1, Math.min(this.capacity, this.taken) - 1);
    return true;
  }

  private grant(): void {
    while (this.taken < this.capacity) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.taken += 1;
      next();
    }
  }

  private waitForTurn(bounds: Bounds): Promise<undefined> {
    return runBounded(bounds, (settle) => {
      const turn = (): void => {
        settle.resolve(undefined);
      };
      this.waiting.push(turn);
      return () => {
        this.waiting.splice(this.waiting.indexOf(turn), 1);
      };
    });
  }
}
