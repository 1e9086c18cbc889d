import * as pulumi from "@pulumi/pulumi";
import type { FirecrackerHost } from "../provider/firecrackerHost/firecrackerHost";
import type { GuestRootfs } from "../provider/guestRootfs/guestRootfs";
import type { HostNetworkArgs } from "../provider/hostNetwork/hostNetwork";
import { networkAround, toNumber } from "../provider/hostNetwork/ipv4Network";
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
            `ip=${guestIpOf(hostIp, prefix)}::${hostIp}:${maskOf(prefix)}::eth0:off`,
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

/** The guest's address: the one after the host's, or the one before where that is none for a guest. */
export function guestIpOf(hostIp: string, prefix: number): string {
  const { last } = networkAround(hostIp, prefix);
  const own = toNumber(hostIp);
  return formatIpv4(own + 1 < last ? own + 1 : own - 1);
}

function maskOf(prefix: number): string {
  return formatIpv4(2 ** 32 - 2 ** (32 - prefix));
}

function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
