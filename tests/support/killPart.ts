import assert from "node:assert/strict";
import { killNow } from "./faults/killNow";
import { isRunning, listDescendants, type ProcessEntry } from "./listDescendants";
import type { RunningOperation } from "./pulumiStack";
import { waitUntil } from "./waitUntil";

/** What of a running `pulumi up` is killed. */
export type Part = "the CLI" | "the provider alone";

const endTimeoutMs = 10_000;

/** Kills a part of an operation, which may be stopped, and asserts that no provider process outlives it for long. */
export async function killPart(up: RunningOperation, part: Part): Promise<void> {
  const started = listStarted(up);
  const providers = started.filter(({ command }) => command.includes("dynamic-provider"));
  assert.ok(providers.length > 0, "there is no provider");
  try {
    if (part === "the CLI") up.kill();
    else killNow(providers.map(({ pid }) => pid));
    up.signal("SIGCONT");
    await up.result;
    await waitUntil("the provider has ended", () => !providers.some(isRunning), endTimeoutMs);
  } finally {
    // Pulumi's own language host looks for its engine every few minutes only.
    killNow(started.filter(isRunning).map(({ pid }) => pid));
  }
}

/** What the operation runs on this machine, the task servers on its host left out. */
function listStarted(up: RunningOperation): ProcessEntry[] {
  return listDescendants(up.pid).filter(({ command }) => !command.includes("task_server"));
}
