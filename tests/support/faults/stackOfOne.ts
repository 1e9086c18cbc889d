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

/** What Pulumi's own types leave open: a lifecycle's outputs. */
interface Made {
  id: string;
  outs?: unknown;
}

let counter = 0;

/**
 * A stack with one task server and one run, driven as Pulumi drives it: the lifecycles are called over SSH with what
 * stands in the state.
 */
export class StackOfOne {
  public readonly runInputs: Record<string, unknown>;
  private readonly serverInputs: Record<string, unknown>;
  private created: { id: string; state: unknown } | undefined;
  private run: { id: string; state: AgentRunState } | undefined;

  public constructor(
    private readonly server: TaskServer,
    connection: SshdConnection & { dialErrorLimit?: number },
    { run = {}, server: serverChange = {} }: Partial<Record<"run" | "server", Record<string, unknown>>> = {},
  ) {
    counter += 1;
    const { tapIp, tapPort, netns } = server.identity;
    const place = { connection, tapIp, tapPort, netns };
    this.serverInputs = { ...place, oauthToken: server.token, stableKey: server.owner, ...serverChange };
    const task = { prompt: "do it" };
    this.runInputs = {
      ...place,
      task,
      timeoutSeconds: 30,
      stableKey: `org/project/stack/AgentRun/run-${counter}`,
      ...run,
    };
  }

  /** What the first `pulumi up` does with the server. What it fails with is returned, what it leaves stays in the state. */
  public async createServer(): Promise<Error | undefined> {
    try {
      const made: Made = await fcTaskServerLifecycle.create(this.serverInputs);
      this.created = { id: made.id, state: made.outs };
      return undefined;
    } catch (error) {
      if (!(error instanceof IncompleteError)) throw error;
      this.created = { id: error.id, state: error.properties };
      return error;
    } finally {
      if (this.created !== undefined) this.server.instanceId = this.created.id;
    }
  }

  /** What the next `pulumi up` does with the server that the first one left in the state. */
  public async finishServer(): Promise<FcTaskServerState> {
    if (this.created === undefined) throw new Error("nothing of the server is in the state");
    const { id, state } = this.created;
    const updated: { outs?: unknown } = await fcTaskServerLifecycle.update(id, state, this.serverInputs);
    return updated.outs as FcTaskServerState;
  }

  /** What `pulumi destroy` does with it. */
  public async destroyServer(): Promise<void> {
    if (this.created !== undefined) {
      await fcTaskServerLifecycle.delete(this.created.id, this.created.state);
    }
  }

  /** What a refresh puts into the state. */
  public async readServer(): Promise<FcTaskServerState> {
    const state = { ...this.serverInputs, url: "http://unread", status: "running" };
    const read: { props?: unknown } = await fcTaskServerLifecycle.read(this.server.instanceId, state);
    return read.props as FcTaskServerState;
  }

  /** What `pulumi up` does with the server after a refresh: nothing where it runs, else deploys it again. */
  public async upServer(change: Record<string, unknown> = {}): Promise<FcTaskServerState> {
    const state = await this.readServer();
    const inputs = { ...this.serverInputs, ...change };
    const { changes } = await fcTaskServerLifecycle.diff(this.server.instanceId, state, inputs);
    if (changes !== true) return state;
    const updated: { outs?: unknown } = await fcTaskServerLifecycle.update(
      this.server.instanceId,
      state,
      inputs,
    );
    return updated.outs as FcTaskServerState;
  }

  /** What `pulumi up` does with the run: creates it, or updates it where the state says that it is not finished. */
  public async upRun(): Promise<RunOutcome> {
    try {
      if (this.run === undefined) {
        const made: Made = await agentRunLifecycle.create(this.runInputs);
        this.run = { id: made.id, state: made.outs as AgentRunState };
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

  /** What `pulumi destroy` does with the run. */
  public async destroyRun(): Promise<void> {
    if (this.run !== undefined) await agentRunLifecycle.delete(this.run.id, this.run.state);
  }
}
