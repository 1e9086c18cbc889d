import type { RefusedCall } from "./call";

const bucket = { size: 1000, one_time_burst: 10, refill_time: 100 };
const drive = { drive_id: "d", path_on_host: "disk", is_root_device: false, is_read_only: true };
const machine = { vcpu_count: 2, mem_size_mib: 256 };
const file = { backend_type: "File", backend_path: "empty" };

/** Bodies that have not the described form. */
export const formCases: readonly RefusedCall[] = [
  {
    what: "a boot source without a kernel",
    call: ["PUT", "/boot-source", { boot_args: "" }],
    fault: /missing field `kernel_image_path`/,
  },
  {
    what: "an unknown field",
    call: ["PUT", "/boot-source", { kernel_image_path: "kernel", kernelImagePath: "kernel" }],
    fault: /unknown field `kernelImagePath`, expected one of `kernel_image_path`/,
  },
  {
    what: "a number as a path",
    call: ["PUT", "/boot-source", { kernel_image_path: 1 }],
    fault: /invalid type: integer `1`, expected a string/,
  },
  {
    what: "text as a number",
    call: ["PUT", "/machine-config", { ...machine, vcpu_count: "2" }],
    fault: /invalid type: string "2", expected u8/,
  },
  {
    what: "a fraction",
    call: ["PUT", "/machine-config", { ...machine, mem_size_mib: 128.5 }],
    fault: /floating point/,
  },
  {
    what: "a negative size",
    call: ["PUT", "/machine-config", { ...machine, mem_size_mib: -1 }],
    fault: /invalid value|invalid type/,
  },
  {
    what: "a number that is too large",
    call: ["PUT", "/machine-config", { ...machine, vcpu_count: 256 }],
    fault: /invalid value: integer `256`, expected u8/,
  },
  {
    what: "null for a flag",
    call: ["PUT", "/machine-config", { ...machine, smt: null }],
    fault: /invalid type: null, expected a boolean/,
  },
  {
    what: "a machine without memory",
    call: ["PUT", "/machine-config", { vcpu_count: 1 }],
    fault: /missing field `mem_size_mib`/,
  },
  {
    what: "an unknown size of pages",
    call: ["PUT", "/machine-config", { ...machine, huge_pages: "1G" }],
    fault: /unknown variant `1G`/,
  },
  {
    what: "an unknown cpu template",
    call: ["PUT", "/machine-config", { ...machine, cpu_template: "T9" }],
    fault: /unknown variant `T9`/,
  },
  {
    what: "an unknown kind of cache",
    call: ["PUT", "/drives/d", { ...drive, cache_type: "Writethrough" }],
    fault: /unknown variant/,
  },
  {
    what: "a drive that leaves root device open",
    call: ["PUT", "/drives/d", { drive_id: "d", path_on_host: "disk" }],
    fault: /missing field `is_root_device`/,
  },
  {
    what: "a bucket without a size",
    call: ["PUT", "/drives/d", { ...drive, rate_limiter: { ops: { refill_time: 1 } } }],
    fault: /missing field `size`/,
  },
  {
    what: "a limiter by other names",
    call: ["PUT", "/drives/d", { ...drive, rate_limiter: { bytes: bucket } }],
    fault: /unknown field `bytes`/,
  },
  {
    what: "a malformed MAC address",
    call: ["PUT", "/network-interfaces/e", { iface_id: "e", host_dev_name: "t", guest_mac: "06:00" }],
    fault: /MAC/,
  },
  {
    what: "an interface without a device",
    call: ["PUT", "/network-interfaces/e", { iface_id: "e" }],
    fault: /missing field `host_dev_name`/,
  },
  {
    what: "a guest CID of the host",
    call: ["PUT", "/vsock", { guest_cid: 2, uds_path: "v2" }],
    fault: /invalid value/,
    isDoubleOnly: true,
  },
  {
    what: "a vsock without a socket",
    call: ["PUT", "/vsock", { guest_cid: 3 }],
    fault: /missing field `uds_path`/,
  },
  {
    what: "a balloon without deflate_on_oom",
    call: ["PUT", "/balloon", { amount_mib: 1 }],
    fault: /missing field `deflate_on_oom`/,
  },
  {
    what: "an unknown action",
    call: ["PUT", "/actions", { action_type: "Reboot" }],
    fault: /unknown variant `Reboot`/,
  },
  {
    what: "an action with a payload",
    call: ["PUT", "/actions", { action_type: "InstanceStart", payload: "x" }],
    fault: /unknown field `payload`/,
  },
  { what: "an unknown log level", call: ["PUT", "/logger", { level: "loud" }], fault: /unknown variant/ },
  {
    what: "an unknown MMDS version",
    call: ["PUT", "/mmds/config", { version: "V3", network_interfaces: ["e"] }],
    fault: /unknown variant `V3`/,
  },
  {
    what: "MMDS settings without interfaces",
    call: ["PUT", "/mmds/config", { version: "V2" }],
    fault: /missing field `network_interfaces`/,
  },
  {
    what: "a bitmap of other letters",
    call: ["PUT", "/cpu-config", { msr_modifiers: [{ addr: "0x1", bitmap: "0b2" }] }],
    fault: /bitmap|deserializ/,
  },
  {
    what: "an unknown state",
    call: ["PATCH", "/vm", { state: "Stopped" }],
    fault: /unknown variant `Stopped`/,
  },
  {
    what: "an unknown kind of snapshot",
    call: ["PUT", "/snapshot/create", { snapshot_path: "s", mem_file_path: "m", snapshot_type: "Half" }],
    fault: /unknown variant/,
  },
  {
    what: "a snapshot without a memory file",
    call: ["PUT", "/snapshot/create", { snapshot_path: "s" }],
    fault: /missing field `mem_file_path`/,
  },
  {
    what: "a version for a snapshot",
    call: ["PUT", "/snapshot/create", { snapshot_path: "s", mem_file_path: "m", version: "1.0.0" }],
    fault: /unknown field `version`/,
  },
  {
    what: "a snapshot without a memory",
    call: ["PUT", "/snapshot/load", { snapshot_path: "s" }],
    fault: /missing field: either `mem_backend` or `mem_file_path`/,
  },
  {
    what: "a snapshot with two memories",
    call: ["PUT", "/snapshot/load", { snapshot_path: "s", mem_file_path: "m", mem_backend: file }],
    fault: /too many fields: either `mem_backend` or `mem_file_path`/,
  },
  {
    what: "an unknown memory backend",
    call: [
      "PUT",
      "/snapshot/load",
      { snapshot_path: "s", mem_backend: { backend_type: "Disk", backend_path: "m" } },
    ],
    fault: /unknown variant `Disk`/,
  },
  {
    what: "an override without a device",
    call: [
      "PUT",
      "/snapshot/load",
      { snapshot_path: "s", mem_backend: file, network_overrides: [{ iface_id: "e" }] },
    ],
    fault: /missing field `host_dev_name`/,
  },
];
