import type { Call } from "./call";

const bucket = { size: 1000, one_time_burst: 10, refill_time: 100 };
const drive = { drive_id: "d", path_on_host: "disk", is_root_device: false, is_read_only: true };
const machine = { vcpu_count: 2, mem_size_mib: 256 };
const balloon = { amount_mib: 10, deflate_on_oom: true };

/** What the description allows, in an order in which all of it is accepted. */
export const acceptedCalls: readonly Call[] = [
  ["GET", "/"],
  ["GET", "/version"],
  ["GET", "/machine-config"],
  ["GET", "/vm/config"],
  ["GET", "/mmds"],
  ["PUT", "/machine-config", machine],
  ["PUT", "/machine-config", { ...machine, smt: false, track_dirty_pages: true, huge_pages: "None" }],
  ["PUT", "/machine-config", { vcpu_count: 32, mem_size_mib: 128, smt: true }],
  ["PATCH", "/machine-config", { mem_size_mib: 512 }],
  ["PUT", "/boot-source", { kernel_image_path: "kernel" }],
  ["PUT", "/boot-source", { kernel_image_path: "kernel", initrd_path: "empty", boot_args: "console=ttyS0" }],
  ["PUT", "/boot-source", { kernel_image_path: "kernel", initrd_path: null, boot_args: null }],
  ["PUT", "/drives/d", drive],
  ["PUT", "/drives/d", { ...drive, cache_type: "Writeback", io_engine: "Sync", partuuid: "0eaa91a0-01" }],
  ["PUT", "/drives/d", { ...drive, rate_limiter: { bandwidth: bucket, ops: { size: 1, refill_time: 2 } } }],
  ["PUT", "/balloon", balloon],
  ["PUT", "/balloon", { ...balloon, stats_polling_interval_s: 1 }],
  ["GET", "/balloon"],
  ["PUT", "/entropy", {}],
  ["PUT", "/entropy", { rate_limiter: { bandwidth: bucket } }],
  ["PUT", "/vsock", { guest_cid: 3, uds_path: "v.sock" }],
  ["PUT", "/vsock", { guest_cid: 4, uds_path: "v2.sock" }],
  ["PUT", "/serial", { serial_out_path: "other" }],
  ["PUT", "/cpu-config", {}],
  ["PUT", "/cpu-config", { msr_modifiers: [{ addr: "0x10a", bitmap: `0b${"x".repeat(64)}` }] }],
  ["PUT", "/mmds", { latest: { "meta-data": { n: 1 } } }],
  ["PATCH", "/mmds", { latest: { "meta-data": null } }],
  ["PUT", "/logger", { log_path: "log", level: "debug", show_level: true, show_log_origin: false }],
  ["PUT", "/metrics", { metrics_path: "metrics" }],
];
