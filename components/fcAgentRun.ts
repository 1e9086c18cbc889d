import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { AgentRun, type AgentRunArgs } from "../provider/agentRun/agentRun";
import { FcTaskServer } from "../provider/fcTaskServer/fcTaskServer";
import type { TaskArgs } from "../provider/fcTaskServer/taskArgs";
import { HostNetwork, type HostNetworkArgs } from "../provider/hostNetwork/hostNetwork";
import type { HostResourceArgs } from "../provider/hostResource/declareInputs";
import { MicroVm, type MicroVmArgs } from "../provider/microVm/microVm";
import type { AgentSnapshot, BakedNetwork } from "./agentSnapshot";
import { defaultResolvers, describeBoot, describeTapUser, type GuestBootArgs } from "./guestBoot";
import { namespaceOf } from "./namespaceOf";
import { runOnHost } from "./runOnHost";

/** A command on the host, as `@pulumi/command`'s `remote.Command` takes it; it gets the component's connection. */
export type HostCommandArgs = Omit<remote.CommandArgs, "connection">;

/** The inputs of an {@link FcAgentRun}. */
export interface FcAgentRunArgs
  extends
    HostResourceArgs,
    Pick<AgentRunArgs, "timeoutSeconds" | "triggers" | "failOnAgentError" | "resultPath" | "transcriptPath"> {
  /** The agent's OAuth token (`claude setup-token`); starts with `sk-ant`. A secret. */
  oauthToken: pulumi.Input<string>;
  /** What the agent is to do. A change runs it again, in a fresh guest. */
  task: pulumi.Input<TaskArgs>;
  /** The snapshot that the guest is a clone of. Either this or `boot`. */
  snapshot?: AgentSnapshot;
  /** What the guest is booted from. Either this or `snapshot`. */
  boot?: GuestBootArgs;
  /**
   * The guest's network: whatever `HostNetwork` takes. Addresses and TAP are those of the snapshot, where there is one.
   * Default: a namespace of its own, named after the component, and the internet without private networks.
   */
  network?: Partial<Omit<HostNetworkArgs, keyof HostResourceArgs>>;
  /**
   * Whether microVM and task server stay up when the run has ended. Default: false, they are stopped, whatever the
   * outcome, and started anew for the next run.
   */
  keepAlive?: boolean;
  /**
   * Commands on the host, over the same connection: `before` when the network is there, `after` when the run has
   * ended well. They run as the user who logs in: `sudo` is not for them. They need the plugin of `@pulumi/command`.
   */
  hostCommands?: { before?: HostCommandArgs; after?: HostCommandArgs };
}

/**
 * One run of an agent from nothing: a network, a task server, a microVM that is restored from a snapshot or booted,
 * the run, and its result. Everything is removed by a destroy.
 *
 * The task server listens before the microVM wakes. When the run has ended, whatever its outcome, both are stopped
 * (unless `keepAlive`); a run whose wait timed out has not ended, so its microVM goes on, and the next `pulumi up`
 * waits for the same task.
 *
 * @example
 * ```ts
 * const run = new FcAgentRun("review", {
 *   connection,
 *   snapshot: baked,
 *   oauthToken: config.requireSecret("claudeToken"),
 *   task: { prompt: "Review the last commit", gitRepoUrl: "https://example.com/repository.git" },
 *   network: { egress: { allow: ["api.anthropic.com:443", "example.com:443"] } },
 * });
 * export const review = run.result;
 * ```
 */
export class FcAgentRun extends pulumi.ComponentResource {
  /** What the agent printed; see `AgentRun`. */
  public readonly result: pulumi.Output<string>;
  /** Exit code of the agent. */
  public readonly exitCode: pulumi.Output<number | undefined>;
  /** Cost of the run in US dollars, where the agent says so. */
  public readonly costUsd: pulumi.Output<number | undefined>;
  /** With a repository: what the agent changed, for `git apply`. */
  public readonly patch: pulumi.Output<string | undefined>;
  /** The parts. */
  public readonly network: HostNetwork;
  public readonly server: FcTaskServer;
  public readonly microVm: MicroVm;
  public readonly run: AgentRun;

  public constructor(name: string, args: FcAgentRunArgs, opts?: pulumi.ComponentResourceOptions) {
    super("fc-agents:index:FcAgentRun", name, {}, opts);
    const { snapshot, boot, keepAlive = false, hostCommands } = args;
    if ((snapshot === undefined) === (boot === undefined)) {
      throw new TypeError(
        `Expected FcAgentRun ${name} to have either a \`snapshot\` or a \`boot\`, got ${snapshot === undefined ? "neither" : "both"}`,
      );
    }
    if (snapshot !== undefined) refuseBakedInputs(name, args.network ?? {});
    const onHost: HostResourceArgs = {
      connection: args.connection,
      deleteUnreachable: args.deleteUnreachable,
      takeOver: args.takeOver,
    };
    const own: pulumi.CustomResourceOptions = { parent: this };
    const address = describeAddress(snapshot, args.network);
    const { tapPort, ...link } = address;

    this.network = new HostNetwork(
      name,
      {
        netns: namespaceOf("FcAgentRun", name, opts),
        ...describeTapUser(snapshot === undefined ? boot?.jailer : snapshot.firecracker.jailer),
        ...args.network,
        ...link,
        taskPort: tapPort,
        ...onHost,
      },
      own,
    );
    const before = runOnHost(`${name}-before`, hostCommands?.before, args.connection, {
      ...own,
      dependsOn: [this.network],
    });
    const { netns } = this.network.declared;
    this.server = new FcTaskServer(
      name,
      {
        ...onHost,
        netns,
        tapIp: address.hostIp,
        tapPort,
        oauthToken: args.oauthToken,
        running: keepAlive ? true : "on-demand",
      },
      { ...own, dependsOn: [this.network, ...before] },
    );
    this.microVm = new MicroVm(
      name,
      {
        ...onHost,
        network: this.network,
        ...(snapshot === undefined ? describeBoot(boot ?? {}, address) : describeRestore(snapshot)),
        state: keepAlive ? "running" : "on-demand",
      },
      { ...own, dependsOn: [this.network, this.server] },
    );
    const { task, timeoutSeconds, triggers, failOnAgentError, resultPath, transcriptPath } = args;
    this.run = new AgentRun(
      name,
      {
        ...{ server: this.server, microVm: this.microVm },
        ...{ task, timeoutSeconds, triggers, failOnAgentError, resultPath, transcriptPath },
      },
      own,
    );
    runOnHost(`${name}-after`, hostCommands?.after, args.connection, { ...own, dependsOn: [this.run] });
    this.result = this.run.result;
    this.exitCode = this.run.exitCode;
    this.costUsd = this.run.costUsd;
    this.patch = this.run.patch;
    this.registerOutputs({
      result: this.result,
      exitCode: this.exitCode,
      costUsd: this.costUsd,
      patch: this.patch,
    });
  }
}

/** The addresses that the guest was baked with, or those that it is to be booted with. */
function describeAddress(
  snapshot: AgentSnapshot | undefined,
  network: FcAgentRunArgs["network"],
): BakedNetwork {
  if (snapshot !== undefined) return snapshot.network;
  return {
    tapName: network?.tapName ?? "tap0",
    hostIp: network?.hostIp ?? "172.16.0.1",
    prefix: network?.prefix ?? 24,
    tapMac: network?.tapMac ?? "06:fc:00:00:00:01",
    tapPort: network?.taskPort ?? 8080,
    resolvers: network?.resolvers ?? defaultResolvers,
  };
}

/** A clone knows the network that it was baked with, and would be deaf in another one. */
function refuseBakedInputs(name: string, network: object): void {
  const baked = ["tapName", "hostIp", "prefix", "tapMac", "taskPort", "resolvers"];
  const given = baked.filter((key) => (network as Record<string, unknown>)[key] !== undefined);
  if (given.length === 0) return;
  throw new TypeError(
    `Expected FcAgentRun ${name} to leave ${given.map((key) => `\`network.${key}\``).join(", ")} to its \`snapshot\`: set ${given.length === 1 ? "it" : "them"} in the \`network\` of the AgentSnapshot`,
  );
}

function describeRestore(snapshot: AgentSnapshot): Partial<MicroVmArgs> {
  return {
    ...snapshot.firecracker,
    restore: {
      snapshotPath: snapshot.snapshotPath,
      memBackend: { type: "File", path: snapshot.memoryPath },
    },
  };
}
