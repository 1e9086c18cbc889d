import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder {
  readonly path: string;
  /** Removes the folder and all that is in it; a second call does nothing. */
  remove(): Promise<void>;
}

/** Makes an empty folder for one test, in /tmp or where it is told to. */
export async function temporaryFolder(base = tmpdir()): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(base, "fc-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
