import assert from "node:assert/strict";
import * as z from "zod";
import lifecycles from "../../../provider/lifecycles";
import { findSshdObstacle, startSshd, type Sshd } from "../sshd";
import { skipBecause } from "../skipBecause";
import { Guest, readTask, type GivenTask } from "../taskServer/guest";
import { makeToken, TaskServer } from "../taskServer/taskServer";

const propertiesSchema = z.record(z.string(), z.unknown());
type Inputs = z.infer<typeof propertiesSchema>;

export interface Failure {
  property: string;
  reason: string;
}

/** How a value that a stack declares got through. */
export type Arrival = { given: GivenTask; outputs: Inputs } | { failures: Failure[] };

/** The way of a value from the stack to the guest: lifecycles, real sshd, real task server, a guest that reads JSON. */
export class RealPath {
  public token = makeToken();
  /** Never deployed by itself: it lends its address to the guest, and its view of the folder to the tests. */
  public readonly server = new TaskServer();
  private serverId = "";
  private serverState: Inputs = {};
  private runs = 0;

  private constructor(public readonly sshd: Sshd) {}

  public static async open(): Promise<RealPath> {
    const path = new RealPath(await startSshd());
    try {
      const created = await lifecycles.FcTaskServer.create(path.serverInputs());
      path.serverId = created.id;
      path.serverState = propertiesSchema.parse(created.outs);
      return path;
    } catch (error) {
      await path.sshd.stop();
      throw error;
    }
  }

  public serverInputs(own: Inputs = {}): Inputs {
    const { tapIp, tapPort } = this.server.identity;
    const connection = this.sshd.connection();
    return {
      connection,
      tapIp,
      tapPort,
      oauthToken: this.token,
      stableKey: `hostile/${tapIp}/${tapPort}`,
      ...own,
    };
  }

  /** Declares a run, lets the guest do it, and removes it again. */
  public async send(own: Inputs): Promise<Arrival> {
    this.runs += 1;
    const { tapIp, tapPort } = this.server.identity;
    const stableKey = `hostile/run-${this.runs}`;
    const raw = { connection: this.sshd.connection(), tapIp, tapPort, stableKey, timeoutSeconds: 30, ...own };
    const checked = await lifecycles.AgentRun.check({}, raw);
    if (checked.failures !== undefined && checked.failures.length > 0) return { failures: checked.failures };
    const guest = new Guest(this.server, "127.0.0.2");
    const run = lifecycles.AgentRun.create(checked.inputs);
    const given = guest.get("/task").then(async (answer) => {
      const task = readTask(answer);
      assert.equal((await guest.post("ok", task.id)).status, 200);
      return task;
    });
    const [created, task] = await Promise.all([run, given]);
    const outputs = propertiesSchema.parse(created.outs);
    assert.equal(outputs.taskId, task.id);
    await lifecycles.AgentRun.delete(created.id, outputs);
    return { given: task, outputs };
  }

  /** Hands the running server other inputs; returns why they are refused. */
  public async changeServer(own: Inputs): Promise<Failure[]> {
    const checked = await lifecycles.FcTaskServer.check(this.serverState, this.serverInputs(own));
    if (checked.failures !== undefined && checked.failures.length > 0) return checked.failures;
    const updated = await lifecycles.FcTaskServer.update(this.serverId, this.serverState, checked.inputs);
    this.serverState = propertiesSchema.parse(updated.outs);
    return [];
  }

  public async close(): Promise<void> {
    try {
      await lifecycles.FcTaskServer.delete(this.serverId, this.serverState);
    } finally {
      await this.sshd.stop();
    }
  }
}

/** One such path for all tests of a suite. */
export function useRealPath(): () => RealPath {
  let path: RealPath | undefined;
  before(async function () {
    this.timeout(60_000);
    skipBecause(this, findSshdObstacle());
    path = await RealPath.open();
  });
  after(async () => {
    await path?.close();
  });
  return () => {
    if (path === undefined) throw new Error("the path is not open yet");
    return path;
  };
}
