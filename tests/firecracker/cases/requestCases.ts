import type { RefusedCall } from "./call";

const drive = { drive_id: "d", path_on_host: "disk", is_root_device: false, is_read_only: true };

/** Requests that are none. */
export const requestCases: readonly RefusedCall[] = [
  {
    what: "a path that there is not",
    call: ["PUT", "/nothing", {}],
    fault: /Invalid request method and\/or path: PUT nothing/,
  },
  {
    what: "a method that a path has not",
    call: ["PATCH", "/boot-source", {}],
    fault: /Invalid request method/,
  },
  { what: "a GET with a body", call: ["GET", "/version", {}], fault: /GET request cannot have a body/ },
  { what: "a PUT without a body", call: ["PUT", "/boot-source"], fault: /Empty PUT request/ },
  { what: "a PATCH without a body", call: ["PATCH", "/vm"], fault: /Empty PATCH request/ },
  {
    what: "a body that is no JSON",
    call: ["PUT", "/boot-source", "{"],
    fault: /deserializing the json body/,
  },
  {
    what: "a comma too many",
    call: ["PUT", "/vm", '{"state":"Paused",}'],
    fault: /Invalid request|deserializing/,
  },
  {
    what: "a field twice",
    call: ["PUT", "/metrics", '{"metrics_path":"a","metrics_path":"b"}'],
    fault: /duplicate field/,
  },
  {
    what: "an id with a hyphen",
    call: ["PUT", "/drives/a-b", { ...drive, drive_id: "a-b" }],
    fault: /alphanumeric/,
  },
  {
    what: "a drive without an id in the path",
    call: ["PUT", "/drives/", drive],
    fault: /ID cannot be empty/,
  },
  { what: "another drive id in the body", call: ["PUT", "/drives/other", drive], fault: /does not match/ },
  {
    what: "another interface id in the body",
    call: ["PUT", "/network-interfaces/eth0", { iface_id: "eth1", host_dev_name: "tap0" }],
    fault: /id from the path \[eth0\] does not match the id from the body \[eth1\]/,
  },
];
