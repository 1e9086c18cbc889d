/** Measured values of one kind, as they go into the JSON file. */
export interface Figure {
  unit: "ms" | "bytes" | "1/s" | "ratio" | "threads";
  /** One value a repetition, in the order in which they were measured. */
  samples: number[];
  median: number;
}

/** One line of the table. */
export interface BenchRow {
  what: string;
  /** The same job as people do it today. */
  reference: string;
  ours: string;
  /** What DESIGN §9 allows. */
  budget: string;
  /** Absent where there is no budget. */
  isMet?: boolean;
  /** Repetitions, and what one has to know to read the figures. */
  remarks: string;
  /** All figures behind the line, by name. */
  figures: Record<string, Figure>;
}

/** How often a thing is measured, unless it takes minutes. */
export const repetitions = 7;

export interface TimeSpan {
  name: string;
  startedAt: number;
  endedAt: number;
}
