import { followProgress } from "../tests/support/followProgress";
import type { OperationResult, RunningOperation } from "../tests/support/pulumiStack";

/** Waits for an operation, and shows what the engine shows on the resources' own lines, as far as it says something new. */
export async function showProgress(
  operation: RunningOperation,
  show: (line: string) => void,
): Promise<OperationResult> {
  let shown = "";
  const stop = followProgress(operation.eventLog, ({ name, text }) => {
    // Without its seconds and its cost.
    const news = text.split(", ")[0] ?? "";
    if (news !== shown) show(`${name}: ${text}`);
    shown = news;
  });
  try {
    return await operation.result;
  } finally {
    stop();
  }
}
