import type { RefusedCall } from "./call";

const machine = { vcpu_count: 2, mem_size_mib: 256 };
const file = { backend_type: "File", backend_path: "empty" };

/** Requests at a time when they are not allowed. */
export const orderCases: readonly RefusedCall[] = [
  {
    what: "a pause before the start",
    call: ["PATCH", "/vm", { state: "Paused" }],
    fault: /not supported before starting the microVM/,
  },
  {
    what: "a snapshot before the start",
    call: ["PUT", "/snapshot/create", { snapshot_path: "s", mem_file_path: "m" }],
    fault: /not supported before starting/,
  },
  {
    what: "Ctrl-Alt-Del before the start",
    call: ["PUT", "/actions", { action_type: "SendCtrlAltDel" }],
    fault: /not supported before starting/,
  },
  {
    what: "a flush of metrics before the start",
    call: ["PUT", "/actions", { action_type: "FlushMetrics" }],
    fault: /not supported before starting/,
  },
  {
    what: "a change of a drive before the start",
    call: ["PATCH", "/drives/d", { drive_id: "d" }],
    fault: /not supported before starting/,
  },
  {
    what: "a change of an interface before the start",
    call: ["PATCH", "/network-interfaces/e", { iface_id: "e" }],
    fault: /not supported before starting/,
  },
  {
    what: "a change of the balloon before the start",
    call: ["PATCH", "/balloon", { amount_mib: 1 }],
    fault: /not supported before starting/,
  },
  {
    what: "statistics before the start",
    call: ["GET", "/balloon/statistics"],
    fault: /not supported before starting/,
  },
  {
    what: "a start without a kernel",
    call: ["PUT", "/actions", { action_type: "InstanceStart" }],
    fault: /without kernel configuration/,
  },
  {
    what: "a snapshot in a process that has settings",
    after: [["PUT", "/machine-config", machine]],
    call: ["PUT", "/snapshot/load", { snapshot_path: "s", mem_backend: file }],
    fault: /not allowed after configuring boot-specific resources/,
  },
];
