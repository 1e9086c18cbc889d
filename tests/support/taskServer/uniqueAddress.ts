import type { ServerIdentity } from "../../../provider/taskServer/serverIdentity";

let counter = 0;

/** A loopback address that no other process of the tests uses, and a port that no other test of this one does. */
export function uniqueAddress(): ServerIdentity {
  counter += 1;
  const { pid } = process;
  const tapIp = `127.${64 + ((pid >> 16) & 63)}.${(pid >> 8) & 255}.${pid & 255}`;
  return { tapIp, tapPort: 9000 + counter };
}
