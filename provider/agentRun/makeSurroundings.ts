import { fcTaskServerSchema } from "../fcTaskServer/fcTaskServerContract";
import { identityOf, reconcileServer } from "../fcTaskServer/reconcileServer";
import { showOnResourceLine } from "../forward/engineLog";
import { microVmSchema } from "../microVm/microVmContract";
import { startVm, stopVm, waitForVmEnd } from "../microVm/microVmWork";
import { stopServer } from "../taskServer/runLoader";
import type { Companions, RunSurroundings } from "./companions";

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
          instanceId: onDemandServer.instanceId,
          inputs: fcTaskServerSchema.parse({
            ...onDemandServer.declared,
            stableKey: onDemandServer.stableKey,
          }),
        };
  const vm =
    microVm === undefined
      ? undefined
      : {
          instanceId: microVm.instanceId,
          inputs: microVmSchema.parse({ ...microVm.declared, stableKey: microVm.stableKey }),
        };
  return {
    prepareServer: async (host) => {
      if (server?.inputs.running !== "on-demand") return;
      await reconcileServer(host, { ...server.inputs, running: true }, { instanceId: server.instanceId });
    },
    wakeGuest: async (host) => {
      if (vm === undefined) return;
      await startVm(host, vm.inputs, vm.instanceId, (text) => {
        showOnResourceLine(ownUrn, text);
      });
    },
    watchGuest: async (host, signal) => {
      if (vm === undefined) return new Promise(() => undefined);
      const { exitCode, signal: endSignal, serialTail } = await waitForVmEnd(host, vm.inputs, signal);
      const how = exitCode === undefined ? `signal ${endSignal ?? "unknown"}` : `exit code ${exitCode}`;
      return { how, serialTail };
    },
    rest: async (host) => {
      if (vm?.inputs.state === "on-demand") await stopVm(host, vm.inputs, vm.instanceId);
      if (server?.inputs.running === "on-demand") {
        const { instanceId, inputs } = server;
        await stopServer(host, { identity: identityOf(inputs), instanceId, remove: false });
      }
    },
  };
}
