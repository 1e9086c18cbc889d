import type { RefusedCall } from "./call";

const drive = { drive_id: "d", path_on_host: "disk", is_root_device: false, is_read_only: true };
const machine = { vcpu_count: 2, mem_size_mib: 256 };
const balloon = { amount_mib: 10, deflate_on_oom: true };

/** Values that are not possible. */
export const valueCases: readonly RefusedCall[] = [
  { what: "no processors", call: ["PUT", "/machine-config", { ...machine, vcpu_count: 0 }], fault: /vCPU/ },
  { what: "33 processors", call: ["PUT", "/machine-config", { ...machine, vcpu_count: 33 }], fault: /vCPU/ },
  {
    what: "three processors with SMT",
    call: ["PUT", "/machine-config", { ...machine, vcpu_count: 3, smt: true }],
    fault: /vCPU/,
  },
  {
    what: "no memory",
    call: ["PUT", "/machine-config", { ...machine, mem_size_mib: 0 }],
    fault: /memory size/,
  },
  {
    what: "memory that is no multiple of its pages",
    call: ["PUT", "/machine-config", { ...machine, mem_size_mib: 129, huge_pages: "2M" }],
    fault: /memory size/,
  },
  { what: "a change of nothing", call: ["PATCH", "/machine-config", {}], fault: /Empty PATCH request/ },
  {
    what: "a kernel that is missing",
    call: ["PUT", "/boot-source", { kernel_image_path: "nowhere" }],
    fault: /kernel file cannot be opened: No such file or directory \(os error 2\)/,
  },
  {
    what: "an initrd that is missing",
    call: ["PUT", "/boot-source", { kernel_image_path: "kernel", initrd_path: "nowhere" }],
    fault: /initrd file cannot be opened/,
  },
  {
    what: "arguments that are too long",
    call: ["PUT", "/boot-source", { kernel_image_path: "kernel", boot_args: "x".repeat(2048) }],
    fault: /command line is invalid/,
  },
  {
    what: "arguments that are not ASCII",
    call: ["PUT", "/boot-source", { kernel_image_path: "kernel", boot_args: "ä" }],
    fault: /command line is invalid/,
  },
  {
    what: "a drive that is missing",
    call: ["PUT", "/drives/d", { ...drive, path_on_host: "nowhere" }],
    fault: /No such file/,
  },
  {
    what: "a drive that is a folder",
    call: ["PUT", "/drives/d", { ...drive, is_read_only: false, path_on_host: "." }],
    fault: /Is a directory/,
  },
  {
    what: "a drive without a file",
    call: ["PUT", "/drives/d", { drive_id: "d", is_root_device: false }],
    fault: /block device/i,
  },
  {
    what: "a TAP device that is missing",
    call: ["PUT", "/network-interfaces/e", { iface_id: "e", host_dev_name: "fc-none" }],
    fault: /Open tap device failed/,
    isDoubleOnly: true,
  },
  {
    what: "a second root drive",
    after: [["PUT", "/drives/d", { ...drive, is_root_device: true }]],
    call: ["PUT", "/drives/e", { ...drive, drive_id: "e", is_root_device: true }],
    fault: /root block device already/,
  },
  {
    what: "a balloon larger than the memory",
    call: ["PUT", "/balloon", { ...balloon, amount_mib: 129 }],
    fault: /Amount of pages requested/,
  },
  {
    what: "memory smaller than the balloon",
    after: [["PUT", "/balloon", { ...balloon, amount_mib: 100 }]],
    call: ["PUT", "/machine-config", { ...machine, mem_size_mib: 99 }],
    fault: /balloon/,
  },
  {
    what: "a balloon's settings where there is none",
    call: ["GET", "/balloon"],
    fault: /No balloon device found/,
  },
  {
    what: "a vsock whose socket is there",
    call: ["PUT", "/vsock", { guest_cid: 3, uds_path: "empty" }],
    fault: /os error 98/,
  },
  {
    what: "MMDS on no interface",
    call: ["PUT", "/mmds/config", { network_interfaces: [] }],
    fault: /is empty/,
  },
  {
    what: "MMDS on an interface that there is not",
    call: ["PUT", "/mmds/config", { network_interfaces: ["e"] }],
    fault: /does not correspond to any existing/,
  },
  {
    what: "an MMDS address that is not link-local",
    call: ["PUT", "/mmds/config", { network_interfaces: ["e"], ipv4_address: "10.0.0.1" }],
    fault: /not link local/,
  },
  { what: "a change of metadata that there are not", call: ["PATCH", "/mmds", {}], fault: /not initialized/ },
  {
    what: "metrics a second time",
    after: [["PUT", "/metrics", { metrics_path: "m1" }]],
    call: ["PUT", "/metrics", { metrics_path: "m2" }],
    fault: /Reinitialization/,
  },
  {
    what: "a kernel that is no ELF file",
    after: [["PUT", "/boot-source", { kernel_image_path: "kernel" }]],
    call: ["PUT", "/actions", { action_type: "InstanceStart" }],
    fault: /Invalid ELF magic number/,
  },
];
