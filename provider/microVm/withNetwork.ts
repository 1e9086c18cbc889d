import type * as pulumi from "@pulumi/pulumi";
import type { MicroVmArgs } from "./microVm";
import type { NetworkInterfaceArgs } from "./microVmArgs";

/** The address of a guest's card. It may be the same for all: each has a TAP device of its own. */
const guestMac = "06:fc:00:00:00:02";

const defaultTapName = "tap0";

/** Puts what a network declares in the place of `network`. It is not the network's outputs, which a preview lacks. */
export function withNetwork({ network, ...args }: MicroVmArgs): Omit<MicroVmArgs, "network"> {
  if (network === undefined) return args;
  const { netns, tapName = defaultTapName } = network.declared;
  const isDeclared = args.networkInterfaces !== undefined || args.restore !== undefined;
  return {
    ...args,
    netns: args.netns ?? netns,
    ...(isDeclared
      ? {}
      : {
          networkInterfaces: [describeInterface(tapName)],
        }),
  };
}

/** The guest's only network card, on a TAP device. */
export function describeInterface(tapName: pulumi.Input<string>): NetworkInterfaceArgs {
  return { ifaceId: "eth0", hostDevName: tapName, guestMac };
}
