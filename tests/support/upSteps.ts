import type { Gate } from "./gate";
import type { RunningOperation } from "./pulumiStack";
import type { Guest } from "./startGuest";
import type { TaskServer } from "./taskServer/taskServer";
import { waitFor } from "./taskServer/waitFor";
import { waitUntil } from "./waitUntil";

const stepTimeoutMs = 60_000;

/** What a step is reached with. */
export interface Scene {
  gate: Gate;
  server: TaskServer;
  /** Starts the `pulumi up` that is going to be killed. */
  startUp: () => RunningOperation;
  startGuest: () => Promise<Guest>;
}

/** A step of a `pulumi up` that makes a server and a run. */
export interface UpStep {
  /** The run collects the task of its server; else it has one of its own. */
  isInjected?: boolean;
  /** Brings a `pulumi up` to the step, and nobody goes on from there. */
  reach: (scene: Scene) => Promise<RunningOperation>;
}

/** In the order in which a run goes through them. */
export const upSteps: Readonly<Record<string, UpStep>> = {
  "before the deployment was sent": {
    isInjected: true,
    reach: async ({ gate, startUp }) => {
      gate.close();
      const up = startUp();
      await waitUntil("the provider dials", () => gate.waitingCount > 0, stepTimeoutMs);
      return up;
    },
  },
  "when the server has its task and the stack does not know of the server": {
    isInjected: true,
    reach: async ({ gate, server, startUp }) => {
      gate.close();
      const up = startUp();
      await waitUntil("the provider dials", () => gate.waitingCount > 0, stepTimeoutMs);
      up.signal("SIGSTOP");
      gate.open();
      await waitForTasks(server, { queued: 1 });
      return up;
    },
  },
  "when the task is queued and no guest has taken it": {
    reach: async ({ server, startUp }) => {
      const up = startUp();
      await waitForTasks(server, { queued: 1 });
      return up;
    },
  },
  "while the agent runs": {
    reach: async ({ startUp, startGuest }) => {
      const guest = await startGuest();
      guest.steer("hold");
      const up = startUp();
      await waitUntil("the agent runs", () => guest.listRuns().length === 1, stepTimeoutMs);
      return up;
    },
  },
  "when the result is stored and the run has not seen it": {
    reach: async ({ gate, server, startUp, startGuest }) => {
      const guest = await startGuest();
      guest.steer("hold");
      const up = startUp();
      await waitUntil("the agent runs", () => guest.listRuns().length === 1, stepTimeoutMs);
      gate.close();
      guest.unsteer("hold");
      await waitForTasks(server, { uncollected: 1 });
      return up;
    },
  },
  "when the run has marked its result as collected and the stack does not have it": {
    reach: async ({ server, startUp, startGuest }) => {
      const guest = await startGuest();
      guest.steer("hold");
      const up = startUp();
      await waitUntil("the agent runs", () => guest.listRuns().length === 1, stepTimeoutMs);
      up.signal("SIGSTOP");
      guest.unsteer("hold");
      await waitForTasks(server, {});
      return up;
    },
  },
};

/** Waits until the server has its tasks in these states and no others. */
async function waitForTasks(
  server: TaskServer,
  wanted: { queued?: number; claimed?: number; uncollected?: number },
): Promise<void> {
  const counts = { queued: 0, claimed: 0, uncollected: 0, ...wanted };
  await waitFor(
    `the server has ${JSON.stringify(counts)}`,
    async () => {
      const status = await server.status().catch(() => undefined);
      const isSo =
        status?.queued === counts.queued &&
        status.claimed === counts.claimed &&
        status.uncollected.length === counts.uncollected;
      return isSo || undefined;
    },
    stepTimeoutMs,
  );
}
