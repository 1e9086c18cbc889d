import { type MicroVmInputs, vmIdOf } from "./microVmContract";
import { jailerOptionsSchema } from "./startSchemas";

/** What each operation of the host program on a VM is told: which VM, and whose. */
export function vmArguments(inputs: MicroVmInputs, instanceId: string): object {
  return {
    name: vmIdOf(inputs),
    owner: inputs.stableKey,
    instanceId,
    takeOver: inputs.takeOver,
  };
}

/** What a start is told. What MMDS holds may be secret, and goes over the API only. */
export function startArguments(inputs: MicroVmInputs, instanceId: string): object {
  const { bootSource, restore, netns, firecrackerPath, jailerPath, jailer, serialLogBytes } = inputs;
  return {
    ...vmArguments(inputs, instanceId),
    netns,
    firecrackerPath,
    jailerPath,
    // Where nothing is said of the jailer, it is used where the host has it.
    jailer: jailer ?? jailerOptionsSchema.parse({}),
    isJailerDemanded: jailer !== undefined && jailer !== false,
    serialLogBytes,
    bootSource,
    drives: driveArguments(inputs.drives),
    taps: inputs.networkInterfaces?.map(({ hostDevName }) => ({ hostDevName })),
    restore:
      restore === undefined
        ? undefined
        : {
            snapshotPath: restore.snapshotPath,
            memoryType: restore.memBackend.type,
            memoryPath: restore.memBackend.path,
            networkOverrides: restore.networkOverrides,
          },
    hasLogger: inputs.logger !== undefined,
    outputFiles: [inputs.logger?.logPath, inputs.metrics?.metricsPath].filter((name) => name !== undefined),
  };
}

/** Drives with the name of the input that errors about their files tell. */
export function driveArguments(drives: MicroVmInputs["drives"]): object[] {
  return (drives ?? []).map(({ driveId, pathOnHost, isReadOnly }, index) => ({
    driveId,
    pathOnHost,
    isReadOnly,
    property: `drives[${index}].pathOnHost`,
  }));
}
