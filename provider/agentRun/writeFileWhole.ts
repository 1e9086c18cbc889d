import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FcAgentsError } from "../errors/fcAgentsError";

/**
 * Writes a local file that only its owner may read. It appears at its place when `fill` has ended, or not at all.
 * `property` names the input that the path comes from.
 */
export async function writeFileWhole(
  property: string,
  path: string,
  fill: (write: (chunk: Buffer) => Promise<void>) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  const temporary = `${target}.${randomBytes(6).toString("hex")}.part`;
  try {
    await mkdir(dirname(target), { recursive: true });
    const file = await open(temporary, "wx", 0o600);
    try {
      await fill((chunk) => file.writeFile(chunk));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    if (isFileError(cause)) throw new LocalFileError(property, target, cause);
    throw cause;
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "path" in error;
}

/** Thrown when a local file cannot be written. What was to be in it stays on the host. */
export class LocalFileError extends FcAgentsError {
  public constructor(property: string, path: string, cause: Error) {
    super({
      what: `Could not write ${path}`,
      reason: cause.message,
      hint: `It is kept on the host: mend \`${property}\` and run \`pulumi up\` again, no agent runs for it.`,
      cause,
    });
  }
}
