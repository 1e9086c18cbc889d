import { showOnResourceLine } from "../forward/engineLog";
import type { WaitState } from "../taskServer/controlClient";
import { describeProgress } from "./describeProgress";

/** The shortest time between two lines, in milliseconds: twice a second is as much as anybody reads. */
const paceMs = 500;

/** How often a line is shown although nothing was said: so that its seconds go on. */
const tickMs = 5000;

/** The line of a run while it is waited for. Must be ended with `stop`. */
export class ProgressLine {
  private state: WaitState | undefined;
  private claimedAt: number | undefined;
  private shownAt = -Infinity;
  private shown = "";
  private timer: NodeJS.Timeout | undefined;

  public constructor(
    private readonly urn: string | undefined,
    private readonly show: (urn: string | undefined, text: string) => void = showOnResourceLine,
  ) {}

  public update(state: WaitState): void {
    this.state = state;
    // By our own clock: the host's may be another.
    if (state.record.state === "claimed") this.claimedAt ??= performance.now();
    else this.claimedAt = undefined;
    this.schedule(Math.max(0, this.shownAt + paceMs - performance.now()));
  }

  public stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.showNow();
    }, delayMs).unref();
  }

  private showNow(): void {
    if (this.state === undefined) return;
    const now = performance.now();
    const seconds = this.claimedAt === undefined ? undefined : (now - this.claimedAt) / 1000;
    const text = describeProgress(this.state, seconds);
    if (text !== this.shown) this.show(this.urn, text);
    this.shown = text;
    this.shownAt = now;
    this.schedule(tickMs);
  }
}
