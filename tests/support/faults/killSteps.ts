import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerArchive } from "../../../provider/taskServer/serverArchive";
import { alteredArchive } from "../taskServer/archive";
import type { TaskServer } from "../taskServer/taskServer";

/** Who is killed: the worker, which its supervisor starts again, or both, as by a host that runs out of memory. */
export type Victims = "worker" | "both";

/** A step at which the task server can be killed. */
export interface KillStep {
  /** A name that the server's sources pass to `fault.point`. */
  point: string;
  /** The response of which only half is sent before, as the sources name it for `fault.cut`. */
  cut?: string;
  /** How long the step is held before the kill; what need not wait for it goes on meanwhile. */
  holdSeconds?: string;
  /** Text that tells that response from others of the same name. */
  containing?: string;
}

/** The task server's program with a `fault.py` that kills it where a test wants it; further constants as they are given. */
export function killableArchive(constants: Readonly<Record<string, string>> = {}): ServerArchive {
  const fault = readFileSync(join(__dirname, "fault.py"), "utf8");
  // A test kills one server many times over, and is not about how long it then pauses.
  return alteredArchive({
    modules: { fault },
    constants: { "supervisor.LONGEST_PAUSE_SECONDS": "0.05", ...constants },
  });
}

/** From now on, the next pass of the step kills; it does so once. */
export function arm(server: TaskServer, step: KillStep, whom: Victims): void {
  const path = join(server.folder, "armed.json");
  // Renamed into its place: the server may read it at any moment.
  writeFileSync(`${path}.new`, JSON.stringify({ ...step, whom }));
  renameSync(`${path}.new`, path);
}
