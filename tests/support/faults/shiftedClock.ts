import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerArchive } from "../../../provider/taskServer/serverArchive";
import { alteredArchive } from "../taskServer/archive";
import type { TaskServer } from "../taskServer/taskServer";

/** The task server's program with a wall clock that a test can set. */
export function settableClockArchive(constants: Readonly<Record<string, string>> = {}): ServerArchive {
  const fault = readFileSync(join(__dirname, "shifted_clock.py"), "utf8");
  return alteredArchive({ modules: { fault }, constants });
}

/** Sets a server's wall clock: so many seconds ahead of the true time, or behind it. */
export function setClock(server: TaskServer, aheadSeconds: number): void {
  const path = join(server.folder, "clock");
  writeFileSync(`${path}.new`, String(aheadSeconds));
  renameSync(`${path}.new`, path);
}
