import type { Namespace } from "../tests/support/namespace";
import { findImage } from "../tests/support/vm/findImage";
import { startProcessGuest } from "./demoProcessGuest";
import { startVmGuest } from "./demoVmGuest";
import { makeLogWatch, type LogWatch } from "./logWatch";

/** Who takes the demo's tasks: the guest agent, with a stand-in for the coding agent. */
export interface DemoGuest {
  /** Lines for people. */
  readonly description: readonly string[];
  readonly namespace: Namespace;
  /** All that the guest agent has said. */
  log(): string;
  /** What it has left on this machine's disk. */
  listFiles(): string[];
  /** Ends it; a second call does nothing. */
  stop(): Promise<void>;
}

/** A guest that asks for tasks, and what it took to get it so far. */
export interface StartedGuest extends DemoGuest {
  readonly watch: LogWatch;
  /** From power on to its first question. */
  readonly bootMs: number;
}

/** Without KVM on a busy machine; usually it is 3 to 7 seconds. */
const bootTimeoutMs = 90_000;

/** A virtual machine where there is QEMU and an image, else a process; and why it is no machine. */
export async function startDemoGuest(): Promise<StartedGuest> {
  // Without a network there may be no kernel to download.
  const image = await findImage().catch((error: unknown) => ({ obstacle: firstLine(error) }));
  const startedAt = performance.now();
  const guest = "obstacle" in image ? await startProcessGuest(image.obstacle) : await startVmGuest(image);
  const watch = makeLogWatch(() => guest.log());
  const stop = async (): Promise<void> => {
    watch.stop();
    await guest.stop();
  };
  try {
    await watch.waitFor(/^fc-agent: asking /, bootTimeoutMs);
    return { ...guest, watch, stop, bootMs: performance.now() - startedAt };
  } catch (error) {
    await stop();
    await guest.namespace.remove();
    throw error;
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
