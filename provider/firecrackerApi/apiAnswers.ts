import * as z from "zod";

/** What Firecracker says of itself (`GET /`). */
export const instanceInfoSchema = z.object({
  app_name: z.string(),
  id: z.string(),
  state: z.enum(["Not started", "Running", "Paused"]),
  vmm_version: z.string(),
});
export type InstanceInfo = z.infer<typeof instanceInfoSchema>;

export const firecrackerVersionSchema = z.object({ firecracker_version: z.string() });

/** The machine as it runs (`GET /machine-config`). */
export const machineConfigurationSchema = z.looseObject({
  vcpu_count: z.number(),
  mem_size_mib: z.number(),
  smt: z.boolean().optional(),
  track_dirty_pages: z.boolean().optional(),
  huge_pages: z.string().optional(),
  cpu_template: z.string().nullish(),
});
export type SeenMachineConfiguration = z.infer<typeof machineConfigurationSchema>;

/** Everything that a machine has (`GET /vm/config`); what this package reads of it. */
export const fullVmConfigurationSchema = z.looseObject({
  "machine-config": machineConfigurationSchema.optional(),
  drives: z
    .array(
      z.looseObject({
        drive_id: z.string(),
        is_root_device: z.boolean().optional(),
        is_read_only: z.boolean().nullish(),
        path_on_host: z.string().nullish(),
      }),
    )
    .default([]),
  "network-interfaces": z
    .array(
      z.looseObject({ iface_id: z.string(), host_dev_name: z.string(), guest_mac: z.string().nullish() }),
    )
    .default([]),
  vsock: z.looseObject({ guest_cid: z.number(), uds_path: z.string() }).nullish(),
});
export type FullVmConfiguration = z.infer<typeof fullVmConfigurationSchema>;
