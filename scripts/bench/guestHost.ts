import { randomBytes } from "node:crypto";
import { findFirecracker, type FirecrackerPrograms } from "../../tests/support/firecracker/findFirecracker";
import {
  findWorldObstacle,
  makeNetworkWorld,
  type NetworkWorld,
} from "../../tests/support/network/networkWorld";
import { findImage, type VmImage } from "../../tests/support/vm/findImage";
import type { Bench } from "./bench";
import type { Created, ProviderProcess } from "./providerProcess";
import type { Defer } from "./undo";

/** Addresses that every guest has, in a namespace of its own. */
const guest = { tapIp: "172.16.0.1", address: "172.16.0.2", netmask: "255.255.255.0", tapPort: 8080 };

const bootArgs = [
  "console=ttyS0 reboot=k panic=1 quiet",
  `ip=${guest.address}::${guest.tapIp}:${guest.netmask}::eth0:off`,
  `fc_agents.server=http://${guest.tapIp}:${guest.tapPort}`,
].join(" ");

/** A bare host with Firecracker or its double, in namespaces that go with it. */
export class GuestHost {
  private readonly oauthToken = `sk-ant-bench-${randomBytes(16).toString("hex")}`;

  private constructor(
    public readonly world: NetworkWorld,
    private readonly image: VmImage,
    private readonly programs: FirecrackerPrograms,
    private readonly provider: ProviderProcess,
    private readonly defer: Defer,
  ) {}

  /** Nothing where there is no such host to be had, which is said. */
  public static async open(
    { say }: Bench,
    part: string,
    provider: ProviderProcess,
    defer: Defer,
  ): Promise<GuestHost | undefined> {
    const obstacle = findWorldObstacle();
    const programs = obstacle === undefined ? await findFirecracker() : { obstacle };
    const image = "obstacle" in programs ? programs : await findImage();
    if ("obstacle" in programs || "obstacle" in image) {
      say(`${part}: skipped, since ${"obstacle" in image ? image.obstacle : "there is no Firecracker"}`);
      return undefined;
    }
    const world = await makeNetworkWorld();
    defer(() => world.remove());
    return new GuestHost(world, image, programs, provider, defer);
  }

  /** What runs the guests, for the remarks. */
  public get machine(): string {
    return this.programs.isDouble
      ? "guests of 256 MiB in QEMU without KVM, behind Firecracker's API"
      : "Firecracker";
  }

  /** Inputs that all resources in one namespace share. */
  public inputsAt(name: string, kind: string): Record<string, unknown> {
    return {
      connection: this.world.connection(),
      netns: `${this.world.prefix}-${name}`,
      stableKey: `bench::${kind}-${this.world.prefix}-${name}`,
    };
  }

  public createNetwork(name: string, more: object = { egress: "none" }): Promise<Created> {
    return this.create("HostNetwork", { ...this.inputsAt(name, "network"), ...more });
  }

  public createServer(name: string): Promise<Created> {
    return this.create("FcTaskServer", { ...this.serverInputs(name), stableKey: `bench::server-${name}` });
  }

  /** A run of the stand-in agent, which takes no time; it waits until a guest has it. */
  public async run(name: string, prompt: string): Promise<Created> {
    const inputs = { ...this.serverInputs(name), stableKey: `bench::run-${prompt}`, task: { prompt } };
    const run = await this.provider.create("AgentRun", { ...inputs, timeoutSeconds: 120 });
    await this.provider.remove("AgentRun", run);
    return run;
  }

  public bootInputs(name: string): Record<string, unknown> {
    const { vmlinux, initramfs } = this.image;
    return {
      ...this.vmInputs(name),
      machine: { vcpuCount: 1, memSizeMib: 256 },
      bootSource: { kernelImagePath: vmlinux, initrdPath: initramfs, bootArgs },
      networkInterfaces: [{ ifaceId: "eth0", hostDevName: "tap0", guestMac: "06:fc:00:00:00:02" }],
    };
  }

  public restoreInputs(name: string, { outs }: Created): Record<string, unknown> {
    const { snapshotPath, memoryPath } = outs;
    return {
      ...this.vmInputs(name),
      restore: { snapshotPath, memBackend: { type: "File", path: memoryPath } },
    };
  }

  /** A guest that asks for tasks, as a snapshot; nothing else is left of it. */
  public async bake(): Promise<Created> {
    const { provider } = this;
    const network = await provider.create("HostNetwork", {
      ...this.inputsAt("bake", "network"),
      egress: "none",
    });
    try {
      const inputs = {
        ...this.bootInputs("bake"),
        waitForSerial: { text: "fc-agent: asking", timeoutSeconds: 120 },
      };
      const vm = await provider.create("MicroVm", inputs);
      try {
        const { connection, stableKey } = this.vmInputs("bake");
        const microVm = { stableKey, instanceId: vm.resourceId };
        return await this.create("Snapshot", {
          ...{ connection, microVm, stableKey: `bench::snapshot-${this.world.prefix}` },
          afterwards: "stop",
        });
      } finally {
        await provider.remove("MicroVm", vm);
      }
    } finally {
      await provider.remove("HostNetwork", network);
    }
  }

  private vmInputs(name: string): Record<string, unknown> {
    const { firecracker: firecrackerPath, jailer: jailerPath } = this.programs;
    return { ...this.inputsAt(name, "vm"), firecrackerPath, jailerPath, shutdownTimeoutSeconds: 0 };
  }

  private serverInputs(name: string): Record<string, unknown> {
    const { connection, netns } = this.inputsAt(name, "server");
    const { tapIp, tapPort } = guest;
    return { connection, netns, tapIp, tapPort, oauthToken: this.oauthToken };
  }

  private async create(
    resource: "HostNetwork" | "FcTaskServer" | "Snapshot",
    inputs: object,
  ): Promise<Created> {
    const created = await this.provider.create(resource, inputs);
    this.defer(async () => {
      await this.provider.remove(resource, created);
    });
    return created;
  }
}
