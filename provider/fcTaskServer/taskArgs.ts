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
  /** Branch, tag or commit to check out. Default: the repository's own. */
  gitRef?: pulumi.Input<string>;
  /** Name of the model, as the agent's `--model` takes it. Default: the agent's own choice. */
  model?: pulumi.Input<string>;
  /** How hard the agent thinks. Default: "low". */
  effort?: pulumi.Input<(typeof efforts)[number]>;
  /**
   * What the agent prints: its answer as text, a JSON object with answer, usage and cost, or an object for each of its
   * events. Default: "text".
   */
  outputFormat?: pulumi.Input<(typeof outputFormats)[number]>;
  /**
   * How often the task is delivered to a guest that lost it, 1 to 10. Default: 1, because a second delivery is a second
   * run, and is paid for.
   */
  maxAttempts?: pulumi.Input<number>;
  /**
   * Further environment variables of the agent; the values may be secrets: they are in the stack's state as such, and on
   * the host in memory only. Default: none.
   */
  env?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Text that is added to the agent's system prompt, at most 120 KiB. Default: none. */
  appendSystemPrompt?: pulumi.Input<string>;
  /** Tools that the agent may use without asking, such as `Edit` or `Bash(git log:*)`. Default: the agent's own. */
  allowedTools?: pulumi.Input<pulumi.Input<string>[]>;
  /** Tools that the agent may not use. Default: none. */
  disallowedTools?: pulumi.Input<pulumi.Input<string>[]>;
  /** The agent stops after so many turns, 1 to 10000. Default: no limit. */
  maxTurns?: pulumi.Input<number>;
  /** The agent stops when it has cost so much, in US dollars. Default: no limit. */
  maxBudgetUsd?: pulumi.Input<number>;
  /**
   * The guest ends the agent after so many seconds, 10 to 86400; not to be confused with how long `AgentRun` waits.
   * Default: no limit.
   */
  timeoutSeconds?: pulumi.Input<number>;
}
