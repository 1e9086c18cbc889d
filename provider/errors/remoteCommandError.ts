import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a remote command ends with a failure. */
export class RemoteCommandError extends FcAgentsError {
  public readonly exitCode: number | undefined;
  public readonly signal: string | undefined;

  /** `stderr` is the tail of what the command wrote to its standard error. */
  public constructor(
    command: string,
    host: string,
    end: { exitCode: number | undefined; signal: string | undefined; stderr: string },
  ) {
    const how =
      end.exitCode === undefined ? `signal ${end.signal ?? "unknown"}` : `exit code ${end.exitCode}`;
    const said = end.stderr.trim();
    super({ what: `\`${command}\` failed`, host, reason: said === "" ? how : `${how}, saying: ${said}` });
    this.exitCode = end.exitCode;
    this.signal = end.signal;
  }
}
