import type { BenchHost } from "./benchHost";
import type { Undo } from "./undo";

/** What the rows work with. */
export interface Bench {
  host: BenchHost;
  undo: Undo;
  /** Says on the terminal what is being done. */
  say: (text: string) => void;
}
