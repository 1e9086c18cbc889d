/** What may end a wait before its time. */
export interface Bounds {
  timeoutMs: number;
  makeTimeoutError: () => Error;
  signals: readonly AbortSignal[];
}

export interface Settle<T> {
  resolve: (value: T) => void;
  reject: (error: Error) => void;
  /** True once the wait is over: what comes now has to be thrown away. */
  isOver: () => boolean;
}

/**
 * Runs a callback-style operation that ends by itself, at its time-out, or when one of the signals aborts.
 * `start` may return a function that stops the operation; it is called in the last two cases.
 */
export function runBounded<T>(
  bounds: Bounds,
  start: (settle: Settle<T>) => (() => void) | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = bounds.signals.find((signal) => signal.aborted);
    if (aborted !== undefined) {
      reject(readReason(aborted));
      return;
    }
    let isOver = false;
    const finish = (): boolean => {
      if (isOver) return false;
      isOver = true;
      clearTimeout(timer);
      for (const signal of bounds.signals) signal.removeEventListener("abort", onAbort);
      return true;
    };
    const cutShort = (error: Error): void => {
      if (!finish()) return;
      stop?.();
      reject(error);
    };
    const onAbort = (event: Event): void => {
      cutShort(event.target instanceof AbortSignal ? readReason(event.target) : new Error("aborted"));
    };
    const timer = setTimeout(
      () => {
        cutShort(bounds.makeTimeoutError());
      },
      Math.max(0, bounds.timeoutMs),
    );
    for (const signal of bounds.signals) signal.addEventListener("abort", onAbort);
    const stop = start({
      resolve: (value) => {
        if (finish()) resolve(value);
      },
      reject: (error) => {
        if (finish()) reject(error);
      },
      isOver: () => isOver,
    });
  });
}

function readReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error("aborted");
}
