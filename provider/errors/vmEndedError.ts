import { FcAgentsError } from "./fcAgentsError";
import { FirecrackerFaultError } from "./firecrackerFaultError";

/** How a microVM's process has ended, and the last that it printed. */
export interface EndOfVm {
  end: { exitCode?: number | undefined; signal?: string | undefined };
  serialTail: string;
}

/** Thrown when a microVM's process ends while it is told something. */
export class VmEndedError extends FcAgentsError {
  public constructor(host: string, { end, serialTail }: EndOfVm, cause: unknown) {
    super({
      what: "Could not start the microVM",
      host,
      reason: `Firecracker ${describeCause(cause)}ended with ${describeEnd(end)}`,
      logTail: serialTail,
      cause,
    });
  }
}

function describeEnd({ exitCode, signal }: EndOfVm["end"]): string {
  if (exitCode !== undefined) return `exit code ${exitCode}`;
  return signal === undefined ? "an exit code that nobody has noted" : `signal ${signal}`;
}

/** What it said before it ended tells more than that the connection broke. */
function describeCause(cause: unknown): string {
  return cause instanceof FirecrackerFaultError
    ? `refused \`${cause.method} ${cause.path}\` (${cause.reason}) and `
    : "";
}
