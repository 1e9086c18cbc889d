import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { networkNameOf } from "../../provider/hostNetwork/hostNetworkContract";
import { findFirecracker } from "./firecracker/findFirecracker";
import { stateRoot } from "./namespace";
import { findPulumiObstacle } from "./findPulumi";
import { type HostContents, readHostContents } from "./hostContents";
import {
  findWorldObstacle,
  makeNetworkWorld,
  type NetworkWorld,
  worldAddresses,
} from "./network/networkWorld";
import { PulumiStack, type StackOptions } from "./pulumiStack";
import { skipBecause } from "./skipBecause";
import { findSshdObstacle } from "./sshd";
import { type ConfigValue, Secret } from "./stackConfig";
import { findImage, type VmImage } from "./vm/findImage";
import type { FirecrackerPrograms } from "./firecracker/findFirecracker";

/** A bare host with Firecracker (or its double), and a stack of a component on it. */
export class ComponentHost {
  /** The agents' token; no process, file or output may show it. */
  public readonly token = `sk-ant-oat01-${randomBytes(24).toString("hex")}`;
  private readonly marks = new Set<string>();

  private constructor(
    public readonly world: NetworkWorld,
    public readonly stack: PulumiStack,
    public readonly image: VmImage,
    private readonly programs: FirecrackerPrograms,
  ) {}

  /** A host of the test's own and an empty stack, or why there is none. */
  public static async open(
    project: string,
    options: Omit<StackOptions, "project"> = {},
  ): Promise<ComponentHost | { obstacle: string }> {
    const obstacle = findPulumiObstacle() ?? findSshdObstacle() ?? findWorldObstacle();
    if (obstacle !== undefined) return { obstacle };
    const programs = await findFirecracker();
    if ("obstacle" in programs) return programs;
    const image = await findImage();
    if ("obstacle" in image) return image;
    const world = await makeNetworkWorld();
    try {
      const stack = await PulumiStack.create({ ...options, project });
      return new ComponentHost(world, stack, image, programs);
    } catch (error) {
      await world.remove();
      throw error;
    }
  }

  /** The same for a suite, which is skipped, and says why, where there is nothing to run it with. */
  public static async openFor(
    context: Mocha.Context,
    project: string,
    options: Omit<StackOptions, "project"> = {},
  ): Promise<ComponentHost> {
    const opened = await ComponentHost.open(project, options);
    if (opened instanceof ComponentHost) return opened;
    skipBecause(context, opened.obstacle);
    // The skip has thrown; this is for the compiler.
    throw new Error(opened.obstacle);
  }

  /** For people. */
  public get description(): string[] {
    const { host, port } = this.world.connection();
    return [
      `host   the network namespace ${this.world.hostNetns}, with an SSH server at ${host}:${port}; it has nothing but a default route`,
      this.programs.isDouble
        ? "VMM    a double that speaks Firecracker's API, checks each request, and boots its guests in QEMU"
        : `VMM    ${this.programs.firecracker}`,
      "agent  a stand-in that repeats what it was asked; no token is needed, nothing is paid for",
    ];
  }

  public async configure(values: Readonly<Record<string, ConfigValue>>): Promise<void> {
    const { privateKey, ...login } = this.world.connection();
    await this.stack.configure({
      ...login,
      privateKey: new Secret(privateKey),
      claudeToken: new Secret(this.token),
      firecrackerPath: this.programs.firecracker,
      jailerPath: this.programs.jailer,
      kernelImagePath: this.image.vmlinux,
      initrdPath: this.image.initramfs,
      memSizeMib: 256,
      allow: [`${worldAddresses.internet}:443`],
      ...values,
    });
  }

  /** What is on the host, of this stack as far as the state has ever named it. */
  public contents(): Promise<HostContents> {
    for (const { inputs } of this.stack.exportState().resources) {
      const { stableKey } = inputs;
      // A bake has its network as one of its inputs.
      const { netns } = { ...inputs, ...Object(inputs.network) } as { netns?: unknown };
      if (typeof stableKey === "string") {
        this.marks.add(createHash("sha256").update(stableKey).digest("hex").slice(0, 12));
      }
      if (typeof netns !== "string") continue;
      this.marks.add(netns).add(networkNameOf({ netns, tapName: "tap0" }));
    }
    return readHostContents(this.world, [...this.marks]);
  }

  /** What the state says of a resource of ours. */
  public outputsOf(type: string, name: string): Record<string, unknown> {
    return this.stack.exportState().get(name, `:${type}`).outputs;
  }

  /** The process of a microVM that runs now. */
  public readVmPid(name: string): number {
    const { vmId } = this.outputsOf("MicroVm", name);
    const text = readFileSync(join(stateRoot, "vms", String(vmId), "vm.pid"), "utf8");
    return z.object({ pid: z.number() }).parse(JSON.parse(text)).pid;
  }

  /** Removes everything, also after a failure. */
  public async close(): Promise<void> {
    try {
      await this.stack.endOperations();
      await this.stack.cancel().catch(() => undefined);
      await this.stack.destroy();
    } finally {
      this.stack.remove();
      await this.world.remove();
    }
  }
}
