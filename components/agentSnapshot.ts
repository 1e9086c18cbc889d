import * as pulumi from "@pulumi/pulumi";
import type { HostResourceArgs } from "../provider/hostResource/declareInputs";
import { describeInterface } from "../provider/microVm/withNetwork";
import { SnapshotBake } from "../provider/snapshotBake/snapshotBake";
import {
  defaultResolvers,
  describeBoot,
  describeFirecracker,
  describeTapUser,
  type GuestBootArgs,
} from "./guestBoot";
import { namespaceOf } from "./namespaceOf";

/** The network that a guest is baked with: each clone of it finds the same one. */
export interface BakedNetworkArgs {
  /** Name of the TAP device. Default: "tap0". */
  tapName?: pulumi.Input<string>;
  /** The host's IPv4 address on it; the guest has the next one (of the last one: the one before). Default: "172.16.0.1". */
  hostIp?: pulumi.Input<string>;
  /** Length of its prefix, in bits. Default: 24. */
  prefix?: pulumi.Input<number>;
  /** The TAP's MAC address. Default: "06:fc:00:00:00:01". */
  tapMac?: pulumi.Input<string>;
  /** TCP port at which the guest looks for its task server. Default: 8080. */
  tapPort?: pulumi.Input<number>;
  /**
   * IPv4 addresses of the name servers that the guest asks, wherever `egress` lets it out.
   * Default: `["1.1.1.1", "8.8.8.8"]`.
   */
  resolvers?: pulumi.Input<pulumi.Input<string>[]>;
}

/** The inputs of an {@link AgentSnapshot}. */
export interface AgentSnapshotArgs extends HostResourceArgs, GuestBootArgs {
  /** The guest's network. */
  network?: BakedNetworkArgs;
  /** What the guest's console shows when it asks for tasks. Default: "fc-agent: asking", as our guest agent says it. */
  readyText?: pulumi.Input<string>;
  /** How long the guest may take until then, in seconds. Default: 120. */
  bootTimeoutSeconds?: pulumi.Input<number>;
  /** Values whose change bakes anew. Default: the contents of `rootfs` and of the kernel of `host`. */
  triggers?: pulumi.Input<pulumi.Input<unknown>[]>;
}

/** What all clones of a snapshot have in common. */
export interface BakedNetwork {
  tapName: pulumi.Input<string>;
  hostIp: pulumi.Input<string>;
  prefix: pulumi.Input<number>;
  tapMac: pulumi.Input<string>;
  tapPort: pulumi.Input<number>;
  resolvers: pulumi.Input<pulumi.Input<string>[]>;
}

/**
 * A guest that was booted once and asks for its task: `FcAgentRun`s restore clones of it, which takes a fraction of a
 * boot's time.
 *
 * Creating it makes a network of its own for the while, boots the microVM, waits until the guest agent asks for tasks,
 * takes the snapshot, and removes microVM and network again. No task server listens meanwhile, so no clone wakes up in
 * the middle of a question. What is left is the snapshot's folder, which a destroy removes.
 *
 * @example
 * ```ts
 * const baked = new AgentSnapshot("agent", { connection, host, rootfs });
 * const run = new FcAgentRun("review", { connection, snapshot: baked, oauthToken, task: { prompt: "Review it" } });
 * ```
 */
export class AgentSnapshot extends pulumi.ComponentResource {
  /** Path of the snapshot's state file on the host. */
  public readonly snapshotPath: pulumi.Output<string>;
  /** Path of the guest's memory on the host. */
  public readonly memoryPath: pulumi.Output<string>;
  /** Size of the whole on the host's disk, in bytes. */
  public readonly sizeBytes: pulumi.Output<number>;
  /** How long it took from power on until the guest asked for tasks, in seconds. */
  public readonly bootSeconds: pulumi.Output<number>;
  /** The network that its clones expect. */
  public readonly network: BakedNetwork;
  /** What runs its clones. @internal */
  public readonly firecracker: ReturnType<typeof describeFirecracker>;

  public constructor(name: string, args: AgentSnapshotArgs, opts?: pulumi.ComponentResourceOptions) {
    super("fc-agents:index:AgentSnapshot", name, {}, opts);
    this.network = {
      tapName: args.network?.tapName ?? "tap0",
      hostIp: args.network?.hostIp ?? "172.16.0.1",
      prefix: args.network?.prefix ?? 24,
      tapMac: args.network?.tapMac ?? "06:fc:00:00:00:01",
      tapPort: args.network?.tapPort ?? 8080,
      resolvers: args.network?.resolvers ?? defaultResolvers,
    };
    this.firecracker = describeFirecracker(args);
    const { connection, deleteUnreachable, takeOver, host, rootfs } = args;
    const netns = namespaceOf("AgentSnapshot", name, opts);
    const { tapPort, ...link } = this.network;
    const bake = new SnapshotBake(
      name,
      {
        ...{ connection, deleteUnreachable, takeOver },
        // A guest that only waits for its task needs no way out.
        network: { ...link, ...describeTapUser(args.jailer), netns, taskPort: tapPort, egress: "none" },
        microVm: {
          ...describeBoot(args, this.network),
          netns,
          networkInterfaces: [describeInterface(link.tapName)],
          waitForSerial: {
            text: args.readyText ?? "fc-agent: asking",
            timeoutSeconds: args.bootTimeoutSeconds ?? 120,
          },
        },
        triggers: args.triggers ?? [rootfs?.contentHash, rootfs?.agentHash, host?.kernelSha256],
      },
      { parent: this },
    );
    this.snapshotPath = bake.snapshotPath;
    this.memoryPath = bake.memoryPath;
    this.sizeBytes = bake.sizeBytes;
    this.bootSeconds = bake.bootSeconds;
    this.registerOutputs({
      snapshotPath: this.snapshotPath,
      memoryPath: this.memoryPath,
      sizeBytes: this.sizeBytes,
      bootSeconds: this.bootSeconds,
    });
  }
}
