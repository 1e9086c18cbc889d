import { setTimeout as sleep } from "node:timers/promises";
import { Guest, readTask, type Answer, type GivenTask, type Poll } from "../taskServer/guest";
import type { TaskServer } from "../taskServer/taskServer";

/** How long a guest script waits before it asks again after a failure, in milliseconds; real ones take longer. */
const pauseMs = 20;

/** What a run of the agent prints; another run of the same task prints something else, so a second one shows. */
export type Agent = (taskId: string, run: number) => Buffer;

/**
 * The two generations of guest scripts: `byId` names the task and posts again until the server has answered for good;
 * `bare` posts to /result, and once only.
 */
export type Generation = "byId" | "bare";

/** A guest that does what the documented scripts do: polls, runs its agent, posts the result. It counts its runs. */
export class WorkingGuest {
  /** How many times the agent ran, by task. */
  public readonly runs = new Map<string, number>();
  /** Answers to results other than 200. */
  public readonly refusals: string[] = [];
  /** Tasks whose results were answered with 200. */
  public readonly stored = new Set<string>();
  private readonly guest: Guest;
  private poll: Poll | undefined;
  private isStopping = false;
  private work: Promise<void> | undefined;

  public constructor(
    server: TaskServer,
    public readonly address: string,
    private readonly agent: Agent,
    public readonly generation: Generation = "byId",
  ) {
    this.guest = new Guest(server, address);
  }

  public start(): void {
    this.isStopping = false;
    this.work = this.serve();
  }

  /** Ends in the middle of whatever it does, as a guest whose power is cut. */
  public async stop(): Promise<void> {
    this.isStopping = true;
    this.poll?.vanish();
    await this.work;
  }

  private async serve(): Promise<void> {
    while (!this.isStopping) {
      const task = await this.fetchTask();
      if (task === undefined) continue;
      const run = (this.runs.get(task.id) ?? 0) + 1;
      this.runs.set(task.id, run);
      await this.deliver(task.id, this.agent(task.id, run));
    }
  }

  private async fetchTask(): Promise<GivenTask | undefined> {
    try {
      const answer = await this.ask(this.guest.poll());
      return answer.status === 204 ? undefined : readTask(answer);
    } catch {
      // Nobody listens, or the answer broke off: what is not whole is no task.
      await sleep(pauseMs);
      return undefined;
    }
  }

  private async deliver(taskId: string, body: Buffer): Promise<void> {
    const path = this.generation === "bare" ? "/result" : `/result?id=${taskId}`;
    while (!this.isStopping) {
      const status = await this.ask(this.guest.send("POST", path, { body })).then(
        (answer) => answer.status,
        // No answer, so nobody knows whether it was stored.
        () => undefined,
      );
      if (status === 200) this.stored.add(taskId);
      else if (status !== undefined) this.refusals.push(`${status} for ${taskId}`);
      if (this.generation === "bare" || [200, 404, 409].includes(status ?? 0)) return;
      await sleep(pauseMs);
    }
  }

  private async ask(poll: Poll): Promise<Answer> {
    this.poll = poll;
    if (this.isStopping) poll.vanish();
    try {
      return await poll.answer;
    } finally {
      this.poll = undefined;
    }
  }
}
