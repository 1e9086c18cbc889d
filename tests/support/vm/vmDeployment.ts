import { join } from "node:path";
import { Deployment, findDeploymentObstacle } from "../deployment";
import { findNamespaceObstacle, type Namespace } from "../namespace";
import { skipBecause } from "../skipBecause";
import { waitUntil } from "../waitUntil";
import { findImage, type VmImage } from "./findImage";
import { QemuGuest, type QemuGuestOptions } from "./qemuGuest";
import { makeVmNamespace } from "./vmNamespace";

/** Without KVM, and beside other tests, a machine boots in seconds rather than in one. */
const stepTimeoutMs = 60_000;

/** A deployment whose guests are virtual machines, each in a namespace of its own. */
export class VmDeployment {
  private readonly machines: QemuGuest[] = [];
  private readonly undo: (() => Promise<void>)[] = [];

  private constructor(
    public readonly deployment: Deployment,
    private readonly image: VmImage,
  ) {}

  /** Skips the suite, and says why, where no virtual machine is to be had. */
  public static async open(context: Mocha.Context): Promise<VmDeployment> {
    skipBecause(context, findDeploymentObstacle() ?? findNamespaceObstacle("tap"));
    const image = await findImage();
    if ("obstacle" in image) skipBecause(context, image.obstacle);
    // The skip has thrown; this is for the compiler.
    if ("obstacle" in image) throw new Error(image.obstacle);
    const project = join(__dirname, "..", "..", "e2e", "programs", "declared");
    const deployment = await Deployment.open({ project });
    const vms = new VmDeployment(deployment, image);
    try {
      await deployment.stack.configure(deployment.loginConfig());
      return vms;
    } catch (error) {
      await vms.close();
      throw error;
    }
  }

  /** Makes a namespace with a TAP device for one machine. */
  public async addNamespace(): Promise<Namespace> {
    const namespace = await makeVmNamespace();
    this.deployment.namespaces.push(namespace);
    return namespace;
  }

  public async boot(namespace: Namespace, options: Partial<QemuGuestOptions> = {}): Promise<QemuGuest> {
    const machine = await QemuGuest.start({ image: this.image, namespace, ...options });
    this.machines.push(machine);
    return machine;
  }

  /** Does something before all else is taken away, whatever becomes of the tests. */
  public onClose(step: () => Promise<void>): void {
    this.undo.push(step);
  }

  public outputsOf(name: string): Record<string, unknown> {
    return this.deployment.stack.exportState().get(name).outputs;
  }

  public async close(): Promise<void> {
    try {
      await Promise.all(this.machines.map((machine) => machine.kill()));
      for (const step of this.undo.reverse()) await step();
    } finally {
      await this.deployment.close();
    }
  }
}

/** How many tasks a machine has begun with; those have arrived whole. */
export function countTasks(machine: QemuGuest): number {
  return machine.console().match(/fc-agent: task \S+: \d+ bytes of prompt/g)?.length ?? 0;
}

export function waitForTask(machine: QemuGuest, count: number): Promise<void> {
  return waitUntil(
    `the machine has begun with ${count} tasks`,
    () => countTasks(machine) >= count,
    stepTimeoutMs,
  );
}

/** Waits until a machine is up and has asked for a task. */
export function waitForBoot(machine: QemuGuest): Promise<void> {
  return waitUntil(
    "the machine asks for tasks",
    () => /fc-agent: asking /.test(machine.console()),
    stepTimeoutMs,
  );
}
