import { dirname } from "node:path";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import type { Host } from "../../provider/ssh/host";
import { withHost } from "../../provider/ssh/hostPool";
import { findFirecracker, type FirecrackerPrograms } from "../support/firecracker/findFirecracker";
import { findNamespaceObstacle, type Namespace, stateRoot } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { findSshdObstacle, startSshd, type Sshd, type SshdOptions } from "../support/sshd";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { findImage, type VmImage } from "../support/vm/findImage";
import { makeVmNamespace } from "../support/vm/vmNamespace";
import { TestedVm } from "./testedVm";

/** Printed by the guest of `bootSource` as soon as it runs. */
export const greeting = "guest-is-up";

let counter = 0;

/** A bare host for VMs: a namespace with an sshd in it, and Firecracker or its double. */
export class VmHost {
  private readonly vms: TestedVm[] = [];

  private constructor(
    public readonly namespace: Namespace,
    public readonly sshd: Sshd,
    public readonly folder: TemporaryFolder,
    public readonly image: VmImage,
    public readonly programs: FirecrackerPrograms,
  ) {}

  /** Skips the suite, and says why, where there is no such host to be had. */
  public static async open(context: Mocha.Context, options: SshdOptions = {}): Promise<VmHost> {
    skipBecause(context, findSshdObstacle() ?? findNamespaceObstacle("tap"));
    const [image, programs] = await Promise.all([findImage(), findFirecracker()]);
    if ("obstacle" in image) return skip(context, image.obstacle);
    if ("obstacle" in programs) return skip(context, programs.obstacle);
    const namespace = await makeVmNamespace();
    try {
      const sshd = await startSshd({ ...options, netns: namespace.name });
      // On the file system of the jails, as images of a host usually are: then files can be links.
      return new VmHost(namespace, sshd, await temporaryFolder(dirname(stateRoot)), image, programs);
    } catch (error) {
      await namespace.remove();
      throw error;
    }
  }

  /** Makes a VM, which goes with the host at the latest. */
  public async create(overrides: Record<string, unknown> = {}): Promise<TestedVm> {
    const vm = await this.declare(overrides);
    await vm.create();
    return vm;
  }

  public async declare(overrides: Record<string, unknown> = {}): Promise<TestedVm> {
    const vm = await TestedVm.declare(this.inputs(overrides));
    this.vms.push(vm);
    return vm;
  }

  /** Removes the VMs of a test. */
  public async removeVms(): Promise<void> {
    await Promise.all(this.vms.splice(0).map((vm) => vm.remove()));
  }

  public async close(): Promise<void> {
    await this.removeVms();
    await this.sshd.stop();
    await this.namespace.remove();
    await this.folder.remove();
  }

  public withHost<T>(work: (host: Host) => Promise<T>): Promise<T> {
    return withHost(connectionSchema.parse(this.sshd.connection()), work);
  }

  /** Inputs of an unjailed VM that greets on its serial console and then waits. */
  public inputs(overrides: Record<string, unknown> = {}): Record<string, unknown> {
    counter += 1;
    return {
      connection: this.sshd.connection(),
      stableKey: `organization/tests-${process.pid}/stack/MicroVm/vm-${counter}`,
      firecrackerPath: this.programs.firecracker,
      jailer: false,
      shutdownTimeoutSeconds: 0,
      machine: { vcpuCount: 1, memSizeMib: 128 },
      bootSource: this.bootSource(),
      waitForSerial: { text: greeting, timeoutSeconds: 120 },
      ...overrides,
    };
  }

  /** Boots the guest with a shell script in place of the guest agent. */
  public bootSource(script = `echo ${greeting}; exec sleep 1000000`, args = ""): Record<string, unknown> {
    return {
      kernelImagePath: this.image.vmlinux,
      initrdPath: this.image.initramfs,
      bootArgs: `${bootArgs} ${args} rdinit=/bin/sh -- -c "${script}"`,
    };
  }
}

/** Without the last two, the kernel hangs without KVM while it calibrates its clock. */
const bootArgs = "console=ttyS0 quiet reboot=k panic=-1 no_timer_check tsc_early_khz=2000000";

function skip(context: Mocha.Context, obstacle: string): never {
  skipBecause(context, obstacle);
  // The skip has thrown; this is for the compiler.
  throw new Error(obstacle);
}
