import type { FirecrackerApi } from "../firecrackerApi/firecrackerApi";
import { toApi } from "../firecrackerApi/toApi";
import type { DriveInputs } from "./deviceSchemas";
import type { MicroVmInputs } from "./microVmContract";
import { machineSchema } from "./machineSchema";

/** Loading a snapshot reads its state; the memory comes as it is needed. */
const loadTimeoutMs = 60_000;

/** Where things are in a VM's working root, the same for each VM: a snapshot keeps these paths. */
export const rootPaths = {
  kernel: "kernel",
  initrd: "initrd",
  vsock: "v.sock",
  snapshotState: "snapshot/state",
  snapshotMemory: "snapshot/memory",
} as const;

export function drivePath({ driveId }: Pick<DriveInputs, "driveId">): string {
  return `drives/${driveId}`;
}

/** Tells a fresh Firecracker process all that the VM is, and has it boot or restore. */
export async function configureVm(api: FirecrackerApi, inputs: MicroVmInputs): Promise<void> {
  // Before all else, so that what follows is logged; and these two are all that a restore may be preceded by.
  if (inputs.logger !== undefined) await api.putLogger(toApi(inputs.logger));
  if (inputs.metrics !== undefined) await api.putMetrics(toApi(inputs.metrics));
  await (inputs.restore === undefined ? boot(api, inputs) : restore(api, inputs, inputs.restore));
}

async function boot(api: FirecrackerApi, inputs: MicroVmInputs): Promise<void> {
  const { bootSource, cpuConfig, vsock, entropy, balloon } = inputs;
  await api.putMachineConfig(toApi(inputs.machine ?? machineSchema.parse({})));
  if (cpuConfig !== undefined) await api.putCpuConfig(toApi(cpuConfig));
  if (bootSource !== undefined) {
    await api.putBootSource({
      kernel_image_path: rootPaths.kernel,
      boot_args: bootSource.bootArgs,
      ...(bootSource.initrdPath === undefined ? {} : { initrd_path: rootPaths.initrd }),
    });
  }
  for (const drive of inputs.drives ?? []) {
    await api.putDrive(toApi({ ...drive, pathOnHost: drivePath(drive) }));
  }
  for (const networkInterface of inputs.networkInterfaces ?? []) {
    await api.putNetworkInterface(toApi(networkInterface));
  }
  if (vsock !== undefined) await api.putVsock({ guest_cid: vsock.guestCid, uds_path: rootPaths.vsock });
  if (entropy !== undefined) await api.putEntropy(toApi(entropy));
  if (balloon !== undefined) await api.putBalloon(toApi(balloon));
  await configureMmds(api, inputs);
  await api.act("InstanceStart");
}

/** The configuration needs the interfaces to be there, and the data the configuration. */
async function configureMmds(api: FirecrackerApi, { mmds, networkInterfaces }: MicroVmInputs): Promise<void> {
  if (mmds === undefined) return;
  const { data, networkInterfaces: chosen, ...config } = mmds;
  const all = (networkInterfaces ?? []).map(({ ifaceId }) => ifaceId);
  await api.putMmdsConfig(toApi({ ...config, networkInterfaces: chosen ?? all }));
  if (data !== undefined) await api.putMmds(data);
}

async function restore(
  api: FirecrackerApi,
  { state, mmds }: MicroVmInputs,
  { memBackend, resume, ...options }: NonNullable<MicroVmInputs["restore"]>,
): Promise<void> {
  const isResumed = resume && state !== "paused";
  // What MMDS holds is in no snapshot, and the guest may ask for it with its first breath.
  const isResumedAtOnce = isResumed && mmds?.data === undefined;
  await api.loadSnapshot(
    {
      ...toApi(options),
      snapshot_path: rootPaths.snapshotState,
      mem_backend: { backend_type: memBackend.type, backend_path: rootPaths.snapshotMemory },
      resume_vm: isResumedAtOnce,
    },
    { timeoutMs: loadTimeoutMs },
  );
  if (mmds?.data !== undefined) await api.putMmds(mmds.data);
  if (isResumed && !isResumedAtOnce) await api.setVmState("Resumed");
}
