import * as pulumi from "@pulumi/pulumi";
import { forwardingProvider } from "../forward/forwardingProvider";
import { declareInputs, type HostResourceArgs, withSecretConnection } from "../hostResource/declareInputs";
import type { NetworkStatus } from "./hostNetworkContract";

/** One object for all resources of the kind: Pulumi serializes each object once, which takes 15 ms. */
const provider = forwardingProvider("HostNetwork");

const outputNames = [
  "status",
  "faults",
  "findings",
  "isProven",
  "linkSubnet",
  "linkDevice",
  "uplinkDevice",
  "resolverIps",
];

/** What a guest may connect to beside the task server, and nothing else. */
export interface EgressAllowArgs {
  /**
   * Names, IPv4 addresses or networks, each with a port: `api.anthropic.com:443`, `10.1.2.0/24:443`, `10.1.2.3:53/udp`
   * (TCP where nothing is said). Names are looked up on the host, by `resolvers`, and followed when their addresses
   * change. A name that leads into a private network stays closed: list the addresses themselves then.
   */
  allow: pulumi.Input<pulumi.Input<string>[]>;
}

/** The inputs of a {@link HostNetwork}. */
export interface HostNetworkArgs extends HostResourceArgs {
  /** Name of the TAP device, at most 15 characters. Default: "tap0". A change replaces the network. */
  tapName?: pulumi.Input<string>;
  /** IPv4 address of the TAP device, where the guest finds its host. Default: "172.16.0.1". Changed in place. */
  hostIp?: pulumi.Input<string>;
  /** Length of that address's network prefix, 8 to 30. Default: 24. Changed in place. */
  prefix?: pulumi.Input<number>;
  /**
   * The addresses that the guest may send from, within the TAP device's network; packets from others are dropped.
   * Default: all of that network. Changed in place.
   */
  guestSubnet?: pulumi.Input<string>;
  /**
   * MAC address of the TAP device. It is to be the same wherever a guest is restored: a guest that finds its host under
   * another one is deaf for ten seconds. Default: "06:fc:00:00:00:01". Changed in place.
   */
  tapMac?: pulumi.Input<string>;
  /**
   * Who may open the TAP device: the user id that Firecracker runs with under its jailer. Nobody else but root may, or
   * any user on the host could pose as the guest. Default: 60700, the default of `MicroVm`'s `jailer.uid`. A change
   * replaces the network.
   */
  tapUid?: pulumi.Input<number>;
  /** A group that whoever opens the TAP device has to be in as well. Default: none. A change replaces the network. */
  tapGid?: pulumi.Input<number>;
  /**
   * Name of a network namespace to make for the TAP device, joined to the host's by a veth pair. With one for each
   * guest, many clones of one snapshot keep the address that they were baked with. Default: none, the TAP device is in
   * the host's own namespace. A change replaces the network.
   */
  netns?: pulumi.Input<string>;
  /**
   * The /30 of the veth pair: its first address is the host's, the second the namespace's. Default: one that is free on
   * the host, of 10.201.0.0/16, which is chosen once and kept (`linkSubnet`). A change replaces the network.
   */
  vethSubnet?: pulumi.Input<string>;
  /** TCP port of the task server on `hostIp`, 1024 to 65535: all that a guest reaches of its host. Default: 8080. */
  taskPort?: pulumi.Input<number>;
  /**
   * Where the guest may connect to beside the task server. "internet": everywhere but to private, link-local (cloud
   * metadata) and other special addresses, to the host, and to other guests. "none": nowhere. Or a list of what is
   * allowed. Connections that another value forbids are cut. Default: "internet".
   */
  egress?: pulumi.Input<"internet" | "none" | EgressAllowArgs>;
  /**
   * IPv4 addresses of the name servers that the guest may ask (UDP and TCP, port 53), also in private networks, unless
   * `egress` is "none". Default: those of the host's /etc/resolv.conf; with systemd-resolved, those that it asks.
   */
  resolvers?: pulumi.Input<pulumi.Input<string>[]>;
  /** The host's device towards the internet. Default: that of the default route. */
  uplink?: pulumi.Input<string>;
}

/**
 * The network of a microVM: a TAP device, in a namespace of its own if `netns` is set, forwarding, address translation,
 * and rules for where the guest may connect to.
 *
 * The rules stand in nftables tables of their own (`inet fc_agents_…`), which are replaced as a whole; nobody else's are
 * touched. Once they stand, a probe from the TAP device shows that they hold, and that no rule of others (Docker's,
 * ufw's) blocks the guest. The host needs root's rights (or `sudo`), python3, iproute2 and nftables.
 *
 * A refresh notices what is missing or was changed, and the next `pulumi up` mends it without touching the rest: a
 * running virtual machine keeps its TAP device. Another `tapName`, `netns`, `vethSubnet`, `tapUid` or `tapGid` replaces
 * the network; everything else is changed under the running guest.
 *
 * Errors name what failed, on which host, why, and what mends it: an input that is not as expected, a missing tool, a
 * device or namespace that is not ours, addresses that overlap, no default route, a name without an address, rules of
 * others that block the guest.
 *
 * @example
 * ```ts
 * const network = new HostNetwork("agent-1", {
 *   connection: { host: "fc.example.com", privateKey: config.requireSecret("key"), hostKey: config.require("hostKey") },
 *   netns: "fc-agent-1",
 *   egress: { allow: ["api.anthropic.com:443", "github.com:443"] },
 * });
 * export const faults = network.faults;
 * ```
 */
export class HostNetwork extends pulumi.dynamic.Resource {
  /** How the network was last seen: ready, degraded (`faults` say what is wrong), or absent. */
  declare public readonly status: pulumi.Output<NetworkStatus>;
  /** What is not as declared, a sentence each. The next `pulumi up` mends it. */
  declare public readonly faults: pulumi.Output<string[]>;
  /** What else to know, a sentence each: rules of others that may block the guest, a name that has no address. */
  declare public readonly findings: pulumi.Output<string[]>;
  /** Whether a probe has shown that the rules hold; false when a virtual machine had the TAP device open meanwhile. */
  declare public readonly isProven: pulumi.Output<boolean>;
  /** The /30 of the veth pair in use; absent without `netns`. */
  declare public readonly linkSubnet: pulumi.Output<string | undefined>;
  /** The host's end of the veth pair; absent without `netns`. */
  declare public readonly linkDevice: pulumi.Output<string | undefined>;
  /** The host's device by which guests leave; absent where there is none. */
  declare public readonly uplinkDevice: pulumi.Output<string | undefined>;
  /** The name servers that the guest may ask. */
  declare public readonly resolverIps: pulumi.Output<string[]>;

  /**
   * What was declared, for the resources that build on it.
   *
   * @internal
   */
  public readonly declared: HostNetworkArgs;

  public constructor(name: string, args: HostNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      declareInputs("HostNetwork", name, args, outputNames, opts),
      withSecretConnection(opts),
      "fc-agents",
      "HostNetwork",
    );
    this.declared = args;
  }
}
