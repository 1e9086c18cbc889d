/*
 * The bodies of Firecracker's API, after its published description (src/firecracker/swagger/firecracker.yaml). Fields
 * that it calls deprecated are left out.
 */

export interface TokenBucket {
  /** Bytes or operations, what the bucket is for. */
  size: number;
  /** Milliseconds in which an empty bucket fills. */
  refill_time: number;
  one_time_burst?: number;
}

export interface RateLimiter {
  bandwidth?: TokenBucket;
  ops?: TokenBucket;
}

export interface MachineConfiguration {
  vcpu_count: number;
  mem_size_mib: number;
  smt?: boolean;
  track_dirty_pages?: boolean;
  huge_pages?: "None" | "Transparent" | "2M";
  cpu_template?: "C3" | "T2" | "T2S" | "T2CL" | "T2A" | "V1N1" | "None";
}

export interface BootSource {
  kernel_image_path: string;
  boot_args?: string;
  initrd_path?: string;
}

export interface Drive {
  drive_id: string;
  is_root_device: boolean;
  path_on_host: string;
  is_read_only?: boolean;
  partuuid?: string;
  cache_type?: "Unsafe" | "Writeback";
  io_engine?: "Sync" | "Async";
  rate_limiter?: RateLimiter;
}

export interface PartialDrive {
  drive_id: string;
  path_on_host?: string;
  rate_limiter?: RateLimiter;
}

export interface NetworkInterface {
  iface_id: string;
  host_dev_name: string;
  guest_mac?: string;
  mtu?: number;
  rx_rate_limiter?: RateLimiter;
  tx_rate_limiter?: RateLimiter;
}

export interface PartialNetworkInterface {
  iface_id: string;
  rx_rate_limiter?: RateLimiter;
  tx_rate_limiter?: RateLimiter;
}

export interface Vsock {
  guest_cid: number;
  uds_path: string;
}

export interface EntropyDevice {
  rate_limiter?: RateLimiter;
}

export interface Balloon {
  amount_mib: number;
  deflate_on_oom: boolean;
  stats_polling_interval_s?: number;
  free_page_hinting?: boolean;
  free_page_reporting?: boolean;
}

export interface MmdsConfig {
  network_interfaces: string[];
  version?: "V1" | "V2";
  ipv4_address?: string;
  imds_compat?: boolean;
}

export interface Logger {
  log_path?: string;
  level?: "Error" | "Warning" | "Info" | "Debug" | "Trace" | "Off";
  show_level?: boolean;
  show_log_origin?: boolean;
  module?: string;
}

export interface Metrics {
  metrics_path: string;
}

/** A custom CPU template; Firecracker checks what stands in the lists. */
export interface CpuConfig {
  kvm_capabilities?: string[];
  cpuid_modifiers?: object[];
  msr_modifiers?: object[];
  reg_modifiers?: object[];
  vcpu_features?: object[];
}

export type ActionType = "FlushMetrics" | "InstanceStart" | "SendCtrlAltDel";

export type SnapshotType = "Full" | "Diff";

export interface SnapshotCreateParams {
  snapshot_path: string;
  mem_file_path: string;
  snapshot_type?: SnapshotType;
}

export interface SnapshotLoadParams {
  snapshot_path: string;
  mem_backend: { backend_type: "File" | "Uffd"; backend_path: string };
  track_dirty_pages?: boolean;
  resume_vm?: boolean;
  network_overrides?: { iface_id: string; host_dev_name: string }[];
  vsock_override?: { uds_path: string };
  /** x86_64 only: the guest's clock goes on by the time that has passed since the snapshot. */
  clock_realtime?: boolean;
}
