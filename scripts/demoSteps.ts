import type { OperationResult, PulumiStack } from "../tests/support/pulumiStack";
import type { DemoReport } from "./demoReport";
import { essentialLines } from "./essentialLines";
import { showProgress } from "./showProgress";

/** The operations of a demo's stack, each a step of its report. */
export interface DemoSteps {
  run: (title: string, work: () => Promise<OperationResult>) => Promise<OperationResult>;
  /** A `pulumi up`, with what it shows on the resources' lines. */
  up: (title: string) => Promise<OperationResult>;
}

export function makeDemoSteps(
  report: DemoReport,
  stack: PulumiStack,
  isInterrupted: () => boolean,
): DemoSteps {
  const run: DemoSteps["run"] = async (title, work) => {
    const result = await report.step(title, work);
    // The interruption cleans up and ends the process; nothing goes on meanwhile.
    if (isInterrupted()) await new Promise(() => undefined);
    report.detail(...essentialLines(result));
    if (result.exitCode !== 0)
      report.expect(false, `pulumi succeeds, and ended with exit code ${String(result.exitCode)}`);
    return result;
  };
  return {
    run,
    up: (title) =>
      run(title, () =>
        showProgress(stack.start("up", ["--yes", "--skip-preview"]), (line) => {
          report.detail(line);
        }),
      ),
  };
}
