import { listDescendants } from "./listDescendants";
import type { RunningOperation } from "./pulumiStack";

/** The pid of the dynamic provider's own process, which the plugin's script has started. */
export function findProvider(up: RunningOperation): number {
  const started = listDescendants(up.pid);
  const provider = started.find(({ command }) => /^\S*node .*dynamic-provider/.test(command));
  if (provider === undefined) throw new Error("there is no provider");
  return provider.pid;
}
