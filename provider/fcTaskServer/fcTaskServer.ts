import * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs } from "../connection/connectionArgs";
import { forwardingProvider } from "../forward/forwardingProvider";
import { secretFields } from "../forward/secretFields";
import { stableKeyOf } from "../forward/stableKey";
import { wellFormed } from "../forward/wellFormed";
import type { ServerStatus } from "./fcTaskServerContract";
import type { TaskArgs } from "./taskArgs";

/** One object for all resources of the kind: Pulumi serializes each object once, which takes 15 ms. */
const provider = forwardingProvider("FcTaskServer");

/** The inputs of an {@link FcTaskServer}. */
export interface FcTaskServerArgs {
  /**
   * How to reach the host over SSH; a value of `@pulumi/command`'s `remote.ConnectionArgs` with a `hostKey` will do.
   * Always kept as a secret. Another `host`, `port`, `user` or `sudo` replaces the server; anything else changes
   * nothing on the host.
   */
  connection: pulumi.Input<ConnectionArgs>;
  /**
   * IPv4 address of the TAP device on the host, where the guest looks for its task. Default: "172.16.0.1".
   * A change replaces the server.
   */
  tapIp?: pulumi.Input<string>;
  /** TCP port on that address, 1024 to 65535. Default: 8080. A change replaces the server. */
  tapPort?: pulumi.Input<number>;
  /**
   * Name of the network namespace that the TAP device lives in (`ip netns list`). Default: none, the host's own.
   * A change replaces the server.
   */
  netns?: pulumi.Input<string>;
  /**
   * The agent's OAuth token (`claude setup-token`); starts with `sk-ant`. A secret: it is kept in the server's memory
   * only and added to a task while the answer is written. A change is handed to the running server.
   */
  oauthToken: pulumi.Input<string>;
  /** The task to inject. A change injects again, into the same process. Default: none. */
  task?: pulumi.Input<TaskArgs>;
  /**
   * Whether the server's process runs. False stops it and keeps queue and results; "on-demand" leaves it to the
   * `AgentRun`s that use it: they start it and stop it again. Default: true.
   */
  running?: pulumi.Input<boolean | "on-demand">;
  /** The largest result that is accepted, in bytes. Default: 67108864 (64 MiB). */
  maxResultBytes?: pulumi.Input<number>;
  /** How long finished tasks and their results are kept, in hours, 1 to 8760. Default: 168 (a week). */
  resultRetentionHours?: pulumi.Input<number>;
  /** Lets a destroy succeed when the host cannot be reached, for a host that is gone for good. Default: false. */
  deleteUnreachable?: pulumi.Input<boolean>;
  /** Takes over a server that another stack owns, with its queue and results. Default: false, which is an error then. */
  takeOver?: pulumi.Input<boolean>;
}

/**
 * A task server on a microVM's TAP address: it hands the guest its task and takes the result.
 *
 * Creating it deploys the server over SSH and injects `task`; updating injects again into the running server; deleting
 * stops exactly the process that was started and removes its files. A preview reaches no host. A refresh notices a
 * server that is gone, and the next `pulumi up` deploys it again with its queue and results.
 *
 * Errors name what failed, on which host, why, and what mends it: an input that is not as expected, a host that cannot
 * be reached or has another key, no python3 (3.9 or newer), a namespace or address that does not exist, a port that is
 * taken (by whom), a state folder that cannot be written, a server that another stack owns.
 *
 * @example
 * ```ts
 * const server = new FcTaskServer("agent-1", {
 *   connection: { host: "fc.example.com", privateKey: config.requireSecret("key"), hostKey: config.require("hostKey") },
 *   tapIp: "172.16.0.1",
 *   netns: "fc-agent-1",
 *   oauthToken: config.requireSecret("claudeToken"),
 *   task: { prompt: "Summarise the README", gitRepoUrl: "https://example.com/repository.git" },
 * });
 * export const result = new AgentRun("summary", { server, timeoutSeconds: 600 }).result;
 * ```
 */
export class FcTaskServer extends pulumi.dynamic.Resource {
  /** Where the guest reaches the server: `http://<tapIp>:<tapPort>`. */
  declare public readonly url: pulumi.Output<string>;
  /** Process id of the server on the host; absent while it does not run. */
  declare public readonly pid: pulumi.Output<number | undefined>;
  /** How the server was last seen: running, deaf (nothing listens on the TAP), stopped, absent or taken-over. */
  declare public readonly status: pulumi.Output<ServerStatus>;
  /** Version of the server that runs on the host. It is left in place by an upgrade until it is idle. */
  declare public readonly serverVersion: pulumi.Output<string | undefined>;
  /** When the process was started, ISO 8601 in UTC. */
  declare public readonly startedAt: pulumi.Output<string | undefined>;
  /** Id of the task that was injected last. */
  declare public readonly taskId: pulumi.Output<string | undefined>;

  /**
   * What was declared. An `AgentRun` takes these inputs over and not the outputs, which are unknown in a preview.
   *
   * @internal
   */
  public readonly declared: FcTaskServerArgs;
  /** Whose the server is on its host. @internal */
  declare public readonly stableKey: pulumi.Output<string>;

  public constructor(name: string, args: FcTaskServerArgs, opts?: pulumi.CustomResourceOptions) {
    const declared = {
      ...args,
      connection: secretFields(args.connection),
      oauthToken: pulumi.secret(args.oauthToken),
      task: wellFormed("task", args.task),
    };
    super(
      provider,
      name,
      {
        ...declared,
        stableKey: stableKeyOf("FcTaskServer", name, opts),
        ...{
          url: undefined,
          pid: undefined,
          status: undefined,
          serverVersion: undefined,
          startedAt: undefined,
          taskId: undefined,
        },
      },
      pulumi.mergeOptions({ additionalSecretOutputs: ["connection", "oauthToken"] }, opts),
      "fc-agents",
      "FcTaskServer",
    );
    this.declared = declared as FcTaskServerArgs;
  }
}
