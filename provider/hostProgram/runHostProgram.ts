import type { Host } from "../ssh/host";
import { hostArchive } from "./hostArchive";
import { runArchive } from "./runArchive";

/** One thing that the host program is asked to do. */
export interface HostCommand {
  /** What fails if it does, as a phrase: "Could not make the network". */
  what: string;
  /** `<topic>.<verb>`: the function `run` of the module `fc_host.<topic>.<verb>` carries it out. */
  op: string;
  /** What the operation needs to know; it may hold secrets. */
  args: object;
  /** Bounds the whole operation, in milliseconds. */
  timeoutMs: number;
  onProgress?: ((text: string) => void) | undefined;
}

/**
 * Has the host program (`fc_host`) do one thing, and returns its answer, which the caller checks.
 *
 * @throws HostRefusedError when the host cannot do it: then it says why, and is as it was before.
 */
export function runHostProgram(host: Host, command: HostCommand): Promise<unknown> {
  return runArchive(host, command.what, {
    archive: hostArchive(command.op),
    entry: "fc_host.loader",
    command: { op: command.op, args: command.args },
    timeoutMs: command.timeoutMs,
    onProgress: command.onProgress,
  });
}
