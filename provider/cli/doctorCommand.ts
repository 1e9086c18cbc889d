import { withHost } from "../ssh/hostPool";
import { inspectOverSsh, type Inspection } from "./inspectOverSsh";
import { parseDoctorArgs } from "./parseDoctorArgs";
import { countLevel, renderInspection } from "./renderInspection";
import { usageText } from "./usageText";

/** The width of a text that is not for a terminal. */
const defaultWidth = 100;

/** Narrower than this, nothing can be aligned. */
const leastWidth = 60;

/** `fc-agents doctor`: looks at a host and returns 0 (fine), 1 (errors found) or 2 (it could not look). */
export async function doctorCommand(args: readonly string[]): Promise<number> {
  const parsed = parseDoctorArgs(args);
  if (parsed === "help") {
    process.stdout.write(usageText);
    return 0;
  }
  let inspection: Inspection;
  try {
    inspection = await withHost(parsed.connection, inspectOverSsh);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`Error: ${message}\n`);
    return 2;
  }
  const errors = countLevel(inspection.findings, "error");
  const warnings = countLevel(inspection.findings, "warning");
  const width = process.stdout.isTTY ? Math.max(leastWidth, process.stdout.columns) : defaultWidth;
  process.stdout.write(
    parsed.json
      ? `${JSON.stringify({ ...inspection, errors, warnings }, undefined, 2)}\n`
      : renderInspection(inspection, width),
  );
  return errors > 0 ? 1 : 0;
}
