import { FcAgentsError } from "./fcAgentsError";

/** Thrown when a file on this machine, which the program names, cannot be read or is not the one that it should be. */
export class LocalFileError extends FcAgentsError {
  /** `property` is where the path is declared: "source.file". */
  public constructor(property: string, path: string, cause: unknown) {
    super({
      what: `Could not use the local file ${path}`,
      reason: cause instanceof Error ? cause.message : String(cause),
      hint: `Correct \`${property}\`; a path starts at the program's folder.`,
      cause,
    });
  }
}
