import type * as pulumi from "@pulumi/pulumi";
import type { efforts, outputFormats } from "./taskSchema";

/** One job for the agent in the guest. */
export interface TaskArgs {
  /** What the agent is to do; not empty, at most 1 MiB of UTF-8. It reaches the agent byte for byte. */
  prompt: pulumi.Input<string>;
  /**
   * Repository that the guest clones first: an https:// URL without user name or password. Plain http is accepted only
   * to `tapIp` itself, for a mirror on the host. Default: none.
   */
  gitRepoUrl?: pulumi.Input<string>;
  /** Name of the model, as the agent's `--model` takes it. Default: the agent's own choice. */
  model?: pulumi.Input<string>;
  /** How hard the agent thinks. Default: "low". */
  effort?: pulumi.Input<(typeof efforts)[number]>;
  /** What the agent prints: its answer as text, or a JSON object with answer, usage and cost. Default: "text". */
  outputFormat?: pulumi.Input<(typeof outputFormats)[number]>;
  /**
   * How often the task is delivered to a guest that lost it, 1 to 10. Default: 1, because a second delivery is a second
   * run, and is paid for.
   */
  maxAttempts?: pulumi.Input<number>;
}
