import * as pulumi from "@pulumi/pulumi";
import type { FirecrackerHost } from "../provider/firecrackerHost/firecrackerHost";
import type { GuestRootfs } from "../provider/guestRootfs/guestRootfs";
import type { HostNetworkArgs } from "../provider/hostNetwork/hostNetwork";
import { defaultBootArgs, defaultJailUser } from "../provider/microVm/vmDefaults";
import type { MicroVmArgs } from "../provider/microVm/microVm";

/** What a guest is booted from, and the machine that it is booted on. */
export interface GuestBootArgs {
  /** Where Firecracker and the kernel come from. Default: what the host has, and `kernelImagePath`. */
  host?: FirecrackerHost;
  /** The guest's root file system. Default: `rootfsPath`, else the initrd alone. */
  rootfs?: GuestRootfs;
  /** Path of an uncompressed ELF kernel on the host. Default: the one of `host`. */
  kernelImagePath?: pulumi.Input<string>;
  /** Path of an initial RAM disk on the host. Default: none. */
  initrdPath?: pulumi.Input<string>;
  /** Path of an ext4 image on the host; each guest writes to a copy of its own. Default: the one of `rootfs`. */
  rootfsPath?: pulumi.Input<string>;
  /**
   * Arguments of the guest's kernel, separated by blanks; its address and its task server are added. Default: those of
   * `rootfs`, else a console on the serial line.
   */
  bootArgs?: pulumi.Input<string>;
  /** Processors, memory and so on. Default: 2 vCPUs and 2048 MiB, dirty pages not tracked. */
  machine?: MicroVmArgs["machine"];
  /** Path of the `firecracker` binary on the host. Default: the one of `host`, else the newest that is installed. */
  firecrackerPath?: pulumi.Input<string>;
  /** Path of the `jailer` binary on the host. Default: the one of `host`, else the one beside `firecracker`. */
  jailerPath?: pulumi.Input<string>;
  /** How the jailer confines the process; false for none. Default: on where the host has a jailer. */
  jailer?: MicroVmArgs["jailer"];
}

/** The addresses that a guest has and knows, the same for each clone of a snapshot. */
export interface GuestAddress {
  hostIp: pulumi.Input<string>;
  prefix: pulumi.Input<number>;
  tapPort: pulumi.Input<number>;
  resolvers: pulumi.Input<pulumi.Input<string>[]>;
}

/** The name servers that a guest asks: the guest is told, and its network's rules let it. As in fc-agent.sh. */
export const defaultResolvers = ["1.1.1.1", "8.8.8.8"];

/** The arguments of a `MicroVm` that boots such a guest. */
export function describeBoot(boot: GuestBootArgs, address: GuestAddress): Partial<MicroVmArgs> {
  const { host, rootfs } = boot;
  const kernelImagePath = boot.kernelImagePath ?? host?.kernelPath;
  if (kernelImagePath === undefined) {
    throw new TypeError(
      "Expected a guest to have a `kernelImagePath`, or a `host` with a `kernel`, got neither",
    );
  }
  const rootfsPath = boot.rootfsPath ?? rootfs?.imagePath;
  const ownArgs = boot.bootArgs ?? rootfs?.bootArgs ?? `${defaultBootArgs} quiet`;
  return {
    ...describeFirecracker(boot),
    machine: boot.machine ?? { vcpuCount: 2, memSizeMib: 2048 },
    bootSource: {
      kernelImagePath: kernelImagePath as pulumi.Input<string>,
      initrdPath: boot.initrdPath,
      bootArgs: pulumi
        .all([ownArgs, address.hostIp, address.prefix, address.tapPort, address.resolvers])
        .apply(([own, hostIp, prefix, tapPort, resolvers]) =>
          [
            own,
            `ip=${guestIpOf(hostIp)}::${hostIp}:${maskOf(prefix)}::eth0:off`,
            `fc_agents.server=http://${hostIp}:${tapPort}`,
            `fc_agents.dns=${resolvers.join(",")}`,
          ].join(" "),
        ),
    },
    drives:
      rootfsPath === undefined
        ? undefined
        : [{ driveId: "rootfs", pathOnHost: rootfsPath, isRootDevice: true, isReadOnly: false }],
  };
}

/** Which binaries run a guest, and how they are confined: for a boot and a restore alike. */
export function describeFirecracker({
  host,
  ...boot
}: GuestBootArgs): Pick<MicroVmArgs, "firecrackerPath" | "jailerPath" | "jailer"> {
  return {
    firecrackerPath: boot.firecrackerPath ?? host?.firecrackerPath,
    jailerPath: boot.jailerPath ?? host?.jailerPath,
    jailer: boot.jailer,
  };
}

/** Who may open the TAP device: the user that the jailer runs Firecracker as. */
export function describeTapUser(jailer: GuestBootArgs["jailer"]): Pick<HostNetworkArgs, "tapUid" | "tapGid"> {
  return {
    // Without a jailer it is root, who may open any.
    tapUid: pulumi
      .output(jailer)
      .apply((options) => (options === false ? 0 : (options?.uid ?? defaultJailUser))),
  };
}

/** The guest's address: the one after the host's. */
export function guestIpOf(hostIp: string): string {
  const parts = hostIp.split(".").map(Number);
  return [...parts.slice(0, 3), (parts[3] ?? 0) + 1].join(".");
}

function maskOf(prefix: number): string {
  const bits = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
}
