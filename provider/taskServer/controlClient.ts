import * as z from "zod";
import { FcAgentsError } from "../errors/fcAgentsError";
import { ControlChannel } from "./controlChannel";
import { refusalSchema } from "../hostProgram/refusalSchema";
import {
  type ControlStatus,
  controlStatusSchema,
  type RunProgress,
  runProgressSchema,
  type TaskRecord,
  taskRecordSchema,
  type TaskSubmission,
} from "./taskRecord";

/** The version of the control protocol that this package speaks. */
export const protocolVersion = 1;

const answerSchema = z.discriminatedUnion("ok", [z.looseObject({ ok: z.literal(true) }), refusalSchema]);

const eventSchema = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("state"),
    record: taskRecordSchema,
    ahead: z.number().default(0),
    progress: runProgressSchema.default({}),
  }),
  z.object({
    event: z.literal("final"),
    record: taskRecordSchema,
    headBytes: z.number(),
    tailBytes: z.number(),
  }),
  z.object({ event: z.literal("timeout"), record: taskRecordSchema }),
]);

/** What the server may refuse a request with; a stopped one is spoken for by a process that reads its folder. */
export type RefusalCode =
  | "unknown_task"
  | "server_stopped"
  | "not_answering"
  | "absent"
  | "database_damaged"
  | "conflict"
  | (string & {});

/** Thrown when the task server understood a request and refused it. */
export class RequestRefusedError extends FcAgentsError {
  public constructor(
    public readonly code: RefusalCode,
    what: string,
    host: string,
    details: { reason: string; hint?: string | undefined; logTail?: string | undefined },
  ) {
    super({ what, host, ...details });
  }
}

/** Tells whether an error is the task server's refusal for one of these reasons. */
export function isRefusal(error: unknown, ...codes: readonly RefusalCode[]): boolean {
  return error instanceof RequestRefusedError && codes.includes(error.code);
}

/** How a task stands while it is waited for. */
export interface WaitState {
  record: TaskRecord;
  /** How many tasks are handed out before it, while it is queued. */
  ahead: number;
  progress: RunProgress;
}

/** How a wait ended: with a final record and the ends of the result's body, or at its time-out. */
export type WaitOutcome =
  { isFinal: true; record: TaskRecord; head: Buffer; tail: Buffer } | { isFinal: false; record: TaskRecord };

/** The requests of the control protocol, typed. One request at a time. */
export class ControlClient {
  public constructor(
    private readonly channel: ControlChannel,
    private readonly host: string,
  ) {}

  public async status(): Promise<ControlStatus> {
    return controlStatusSchema.parse(
      await this.request("status", {}, "Could not ask the task server for its status"),
    );
  }

  public async configure(settings: object): Promise<void> {
    await this.request("configure", settings, "Could not hand the task server its settings");
  }

  /** Queues a task, or finds it if the server has one of that id already. */
  public async submit(task: TaskSubmission): Promise<TaskRecord> {
    const answer = await this.request("submit", { task }, "Could not queue the task");
    return taskRecordSchema.parse(answer.record);
  }

  /**
   * Waits until a task is finished. Bodies longer than `inlineBytes` come as head and tail, half of it each. `onState`
   * is told of each change on the way.
   */
  public async wait(
    id: string,
    options: { timeoutMs: number; inlineBytes: number },
    onState: (state: WaitState) => void = () => undefined,
  ): Promise<WaitOutcome> {
    await this.channel.send({ v: protocolVersion, op: "wait", id, ...options });
    for (;;) {
      const line = await this.channel.readLine();
      this.refuse(line, `Could not wait for the result of task ${id}`);
      const event = eventSchema.parse(line);
      if (event.event === "state") onState(event);
      if (event.event === "timeout") return { isFinal: false, record: event.record };
      if (event.event === "final") {
        const head = await this.channel.readBuffer(event.headBytes);
        const tail = await this.channel.readBuffer(event.tailBytes);
        return { isFinal: true, record: event.record, head, tail };
      }
    }
  }

  /** Streams a part of a result's body. */
  public async body(
    id: string,
    range: { offset: number; length: number },
    onChunk: (chunk: Buffer) => void | Promise<void>,
  ): Promise<void> {
    const answer = await this.request("body", { id, ...range }, `Could not read the result of task ${id}`);
    await this.channel.readBytes(z.number().parse(answer.bytes), onChunk);
  }

  /** Streams what the guest sent beside the result: stderr, patch, commit, or the agent's transcript. */
  public async part(
    id: string,
    name: string,
    onChunk: (chunk: Buffer) => void | Promise<void>,
  ): Promise<void> {
    const answer = await this.request("part", { id, name }, `Could not read the ${name} of task ${id}`);
    await this.channel.readBytes(z.number().parse(answer.bytes), onChunk);
  }

  public async markCollected(id: string): Promise<void> {
    await this.request("collected", { id }, `Could not mark the result of task ${id} as collected`);
  }

  public async cancel(id: string): Promise<void> {
    await this.request("cancel", { id }, `Could not withdraw task ${id}`);
  }

  public async forget(id: string): Promise<void> {
    await this.request("forget", { id }, `Could not remove the record of task ${id}`);
  }

  private async request(op: string, parameters: object, what: string): Promise<Record<string, unknown>> {
    await this.channel.send({ v: protocolVersion, op, ...parameters });
    const line = await this.channel.readLine();
    this.refuse(line, what);
    return z.record(z.string(), z.unknown()).parse(line);
  }

  private refuse(line: unknown, what: string): void {
    const answer = answerSchema.safeParse(line);
    if (answer.success && !answer.data.ok) {
      const { code, message, hint, logTail } = answer.data.error;
      throw new RequestRefusedError(code, what, this.host, { reason: message, hint, logTail });
    }
  }
}
