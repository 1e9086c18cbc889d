import { findNamespaceObstacle } from "../tests/support/namespace";
import type { VmImage } from "../tests/support/vm/findImage";
import { QemuGuest } from "../tests/support/vm/qemuGuest";
import { makeVmNamespace } from "../tests/support/vm/vmNamespace";
import type { DemoGuest } from "./demoGuest";
import { startProcessGuest } from "./demoProcessGuest";

const accelerators = { kvm: "with KVM", tcg: "without KVM" } as const;

/** A virtual machine whose PID 1 is the guest agent, on a TAP device of its own. */
export async function startVmGuest(image: VmImage): Promise<DemoGuest> {
  const obstacle = findNamespaceObstacle("tap");
  if (obstacle !== undefined) return startProcessGuest(obstacle);
  const namespace = await makeVmNamespace();
  try {
    const machine = await QemuGuest.start({ image, namespace });
    const read = (): string => machine.console().replaceAll("\r", "");
    let log: string | undefined;
    return {
      description: [
        `a virtual machine (QEMU, ${accelerators[machine.accelerator]}), whose PID 1 is the guest agent;`,
        `its network card is a real TAP device at ${namespace.tapIp}, in the namespace ${namespace.name}`,
      ],
      namespace,
      log: () => log ?? read(),
      listFiles: () => [machine.folder],
      stop: async () => {
        log ??= read();
        await machine.kill();
      },
    };
  } catch (error) {
    await namespace.remove();
    throw error;
  }
}
