import { fcTaskServerSchema } from "../fcTaskServer/fcTaskServerContract";
import { identityOf, reconcileServer } from "../fcTaskServer/reconcileServer";
import { showOnResourceLine } from "../forward/engineLog";
import { microVmSchema } from "../microVm/microVmContract";
import { startVm, stopVm, waitForVmEnd } from "../microVm/microVmWork";
import { stopServer } from "../taskServer/runLoader";
import type { Host } from "../ssh/host";
import type { ServerIdentity } from "../taskServer/serverIdentity";
import { observeServer } from "../taskServer/withControl";
import type { Companions, RunSurroundings } from "./companions";
import { SharedUse } from "./sharedUse";

const statusTimeoutMs = 30_000;

/** Who uses which server and which microVM at the moment, by the ids of their resources. */
const users = new SharedUse();

/** The server and the microVM of a run, as their own resources declare them. */
export function makeSurroundings({
  microVm,
  onDemandServer,
  ownUrn,
}: Companions & { ownUrn?: string | undefined }): RunSurroundings {
  const server =
    onDemandServer === undefined
      ? undefined
      : {
          instanceId: instanceIdOf(onDemandServer),
          inputs: fcTaskServerSchema.parse({
            ...onDemandServer.declared,
            stableKey: onDemandServer.stableKey,
          }),
        };
  const vm =
    microVm === undefined
      ? undefined
      : {
          instanceId: instanceIdOf(microVm),
          inputs: microVmSchema.parse({ ...microVm.declared, stableKey: microVm.stableKey }),
        };
  let isGuestUp = vm === undefined;
  const keys = [server, vm].flatMap((companion) => companion?.instanceId ?? []);
  return {
    enter: () => {
      keys.forEach((key) => {
        users.begin(key);
      });
    },
    leave: () => keys.map((key) => users.end(key)).every(Boolean),
    prepareServer: async (host) => {
      if (server?.inputs.running !== "on-demand") return;
      await reconcileServer(host, { ...server.inputs, running: true }, { instanceId: server.instanceId });
    },
    wakeGuest: async (host) => {
      if (vm === undefined) return;
      await startVm(host, vm.inputs, vm.instanceId, (text) => {
        showOnResourceLine(ownUrn, text);
      });
      isGuestUp = true;
    },
    watchGuest: async (host, signal) => {
      if (vm === undefined) return new Promise(() => undefined);
      const { exitCode, signal: endSignal, serialTail } = await waitForVmEnd(host, vm.inputs, signal);
      isGuestUp = false;
      const how = exitCode === undefined ? `signal ${endSignal ?? "unknown"}` : `exit code ${exitCode}`;
      return { how, serialTail };
    },
    isGuestUp: () => isGuestUp,
    rest: async (host) => {
      if (isGuestUp && server !== undefined && (await isBusy(host, server.inputs))) return;
      if (vm?.inputs.state === "on-demand") await stopVm(host, vm.inputs, vm.instanceId);
      if (server?.inputs.running === "on-demand") {
        const { instanceId, inputs } = server;
        await stopServer(host, { identity: identityOf(inputs), instanceId, remove: false });
      }
    },
  };
}

function instanceIdOf({ instanceId, stableKey }: NonNullable<Companions["microVm"]>): string {
  if (instanceId === undefined) throw new Error(`${stableKey} has not been made`);
  return instanceId;
}

/** A run whose wait timed out goes on, with its task queued or claimed. */
async function isBusy(host: Host, identity: ServerIdentity): Promise<boolean> {
  const { status, idle } = await observeServer(host, identity, { timeoutMs: statusTimeoutMs });
  return status === "running" && idle !== true;
}
