import { FcAgentsError } from "./fcAgentsError";

/** Thrown when the host has no python3, in which the task server is written. */
export class PythonMissingError extends FcAgentsError {
  public constructor(what: string, host: string) {
    super({
      what,
      host,
      reason: "there is no python3 on the PATH of the user who logs in",
      hint: "Install Python 3.9 or newer there (Debian: apt-get install python3-minimal libpython3-stdlib).",
    });
  }
}
