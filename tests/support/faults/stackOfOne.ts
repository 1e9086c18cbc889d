import { agentRunLifecycle } from "../../../provider/agentRun/agentRunLifecycle";
import type { AgentRunState } from "../../../provider/agentRun/agentRunContract";
import { IncompleteError } from "../../../provider/errors/incompleteError";
import { fcTaskServerLifecycle } from "../../../provider/fcTaskServer/fcTaskServerLifecycle";
import type { FcTaskServerState } from "../../../provider/fcTaskServer/fcTaskServerContract";
import type { SshdConnection } from "../sshd";
import type { TaskServer } from "../taskServer/taskServer";

/** How a run stands in a stack's state after an operation. */
export interface RunOutcome {
  /** Undefined when nothing of it is in the state. */
  state: AgentRunState | undefined;
  /** What the operation failed with. */
  error: Error | undefined;
}

let counter = 0;

/**
 * A stack with one task server and one run, driven as Pulumi drives it: the lifecycles are called over SSH with what
 * stands in the state.
 */
export class StackOfOne {
  public readonly runInputs: Record<string, unknown>;
  private readonly serverInputs: Record<string, unknown>;
  private run: { id: string; state: AgentRunState } | undefined;

  public constructor(
    private readonly server: TaskServer,
    connection: SshdConnection & { dialErrorLimit?: number },
    run: Record<string, unknown> = {},
  ) {
    counter += 1;
    const { tapIp, tapPort, netns } = server.identity;
    const place = { connection, tapIp, tapPort, netns };
    this.serverInputs = { ...place, oauthToken: server.token, stableKey: server.owner };
    const task = { prompt: "do it" };
    this.runInputs = {
      ...place,
      task,
      timeoutSeconds: 30,
      stableKey: `org/project/stack/AgentRun/run-${counter}`,
      ...run,
    };
  }

  /** What a refresh puts into the state. */
  public async readServer(): Promise<FcTaskServerState> {
    const state = { ...this.serverInputs, url: "http://unread", status: "running" };
    const { props } = await fcTaskServerLifecycle.read(this.server.instanceId, state);
    return props as FcTaskServerState;
  }

  /** What `pulumi up` does with the server after a refresh: nothing where it runs, else deploys it again. */
  public async upServer(change: Record<string, unknown> = {}): Promise<FcTaskServerState> {
    const state = await this.readServer();
    const inputs = { ...this.serverInputs, ...change };
    const { changes } = await fcTaskServerLifecycle.diff(this.server.instanceId, state, inputs);
    if (changes !== true) return state;
    const updated: { outs?: unknown } = await fcTaskServerLifecycle.update(this.server.instanceId, state, inputs);
    return updated.outs as FcTaskServerState;
  }

  /** What `pulumi up` does with the run: creates it, or updates it where the state says that it is not finished. */
  public async upRun(): Promise<RunOutcome> {
    try {
      if (this.run === undefined) {
        const { id, outs } = await agentRunLifecycle.create(this.runInputs);
        this.run = { id, state: outs as AgentRunState };
      } else {
        const { id, state } = this.run;
        const updated: { outs?: unknown } = await agentRunLifecycle.update(id, state, this.runInputs);
        this.run = { id, state: updated.outs as AgentRunState };
      }
      return { state: this.run.state, error: undefined };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error instanceof IncompleteError) {
        this.run = { id: error.id, state: error.properties as AgentRunState };
      }
      return { state: this.run?.state, error };
    }
  }
}
