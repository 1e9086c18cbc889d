import { findAccelerator } from "../vm/findAccelerator";
import type { VmImage } from "../vm/findImage";

/** Why the real Firecracker cannot start a machine here; it can start and check requests all the same. */
export async function findKvmObstacle(image: VmImage): Promise<string | undefined> {
  return (await findAccelerator(image)) === "kvm" ? undefined : "no ordinary kernel boots with /dev/kvm here";
}
