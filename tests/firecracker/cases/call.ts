/** A request to a process that has not started its machine. */
export type Call = readonly [method: string, path: string, body?: unknown];

export interface RefusedCall {
  /** Completes 'refuses …'. */
  readonly what: string;
  readonly call: Call;
  /** Requests that are accepted before. Those without any share one process. */
  readonly after?: readonly Call[];
  /** What the double's text holds; it means what the real one's means. */
  readonly fault: RegExp;
  /** Only the double, which is stricter here. */
  readonly isDoubleOnly?: boolean;
}

/** Files beside the process: a mebibyte `disk`, a `kernel` that is none inside, and two that are empty. */
export const caseFiles: Readonly<Record<string, Buffer>> = {
  disk: Buffer.alloc(1024 * 1024),
  kernel: Buffer.from("MZ, but no ELF file".padEnd(4096)),
  empty: Buffer.alloc(0),
  other: Buffer.alloc(0),
};
