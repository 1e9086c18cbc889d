import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import {
  deployServer,
  knownStateRoot,
  stopServer,
  type DeployCommand,
} from "../../../provider/taskServer/runLoader";
import { serverArchive, type ServerArchive } from "../../../provider/taskServer/serverArchive";
import { serverFolder } from "../../../provider/taskServer/serverFolder";
import type { ServerIdentity } from "../../../provider/taskServer/serverIdentity";
import { withControl } from "../../../provider/taskServer/withControl";
import type { ControlClient, WaitOutcome } from "../../../provider/taskServer/controlClient";
import { ControlChannel } from "../../../provider/taskServer/controlChannel";
import type { ControlStatus, TaskRecord, TaskSubmission } from "../../../provider/taskServer/taskRecord";
import { LocalHost } from "./localHost";
import { uniqueAddress } from "./uniqueAddress";

const statusSchema = z.object({
  status: z.literal("running"),
  pid: z.number(),
  workerPid: z.number(),
  queued: z.number(),
  claimed: z.number(),
  rebinds: z.number(),
  connections: z.number(),
  listening: z.boolean(),
  listenError: z.string().optional(),
  uncollected: z.array(z.string()),
});

/** What a running server says of itself; more of it than the provider needs. */
export type RunningStatus = z.infer<typeof statusSchema>;

export interface TaskServerOptions {
  identity?: Partial<ServerIdentity>;
  owner?: string;
  limits?: DeployCommand["limits"];
  archive?: ServerArchive;
  host?: LocalHost;
}

export type TaskOptions = Partial<TaskSubmission> & { prompt?: string };

const defaultLimits = { maxResultBytes: 1024 * 1024, resultRetentionHours: 168 };
const controlTimeoutMs = 30_000;
const inlineBytes = 1024 * 1024;

/** A task server of this machine, as a stack would have it. */
export class TaskServer {
  public readonly identity: ServerIdentity;
  public readonly owner: string;
  public readonly host: LocalHost;
  public instanceId = randomBytes(8).toString("hex");
  public token = makeToken();
  private archive: ServerArchive;
  private readonly limits: DeployCommand["limits"];
  private tasks: string[] = [];

  public constructor(options: TaskServerOptions = {}) {
    this.identity = { ...uniqueAddress(), ...options.identity };
    this.owner = options.owner ?? `org/project/stack/FcTaskServer/${this.identity.tapIp}`;
    this.limits = options.limits ?? defaultLimits;
    this.archive = options.archive ?? serverArchive();
    this.host = options.host ?? new LocalHost();
  }

  public get folder(): string {
    const root = knownStateRoot(this.host) ?? "/var/lib/fc-agents";
    return join(root, serverFolder(this.identity));
  }

  /** Deploys, or deploys again: with what was given at the last time where nothing else is said. */
  public async deploy(
    change: Partial<DeployCommand> & { archive?: ServerArchive } = {},
  ): Promise<ControlStatus> {
    const { archive = this.archive, ...command } = change;
    const status = await deployServer(
      this.host,
      {
        identity: this.identity,
        owner: this.owner,
        instanceId: this.instanceId,
        takeOver: false,
        token: this.token,
        limits: this.limits,
        ...command,
      },
      archive,
    );
    this.archive = archive;
    this.token = command.token ?? this.token;
    this.instanceId = command.instanceId ?? this.instanceId;
    return status;
  }

  public control<T>(work: (client: ControlClient) => Promise<T>): Promise<T> {
    return withControl(this.host, this.identity, { timeoutMs: controlTimeoutMs }, work);
  }

  /** Queues a task of an owner of its own, unless another is named: tasks of one owner replace each other. */
  public async submit(task: TaskOptions = {}): Promise<TaskRecord> {
    return this.control((client) => client.submit(this.describeTask(task)));
  }

  public describeTask({ prompt = "p", ...task }: TaskOptions = {}): TaskSubmission {
    const id = task.id ?? `task-${randomBytes(8).toString("hex")}`;
    this.tasks.push(id);
    return {
      id,
      owner: `${this.owner}/run-${this.tasks.length}`,
      injected: false,
      maxAttempts: 1,
      fields: { prompt, effort: "low", outputFormat: "text" },
      ...task,
    };
  }

  public wait(id: string, timeoutMs = 10_000): Promise<WaitOutcome> {
    return this.control((client) => client.wait(id, { timeoutMs, inlineBytes }));
  }

  /** Removes the tasks that were described here. */
  public async forgetAll(): Promise<void> {
    const ids = this.tasks.splice(0);
    await this.control(async (client) => {
      for (const id of ids) await client.forget(id);
    });
  }

  /** How a task stands now. */
  public async record(id: string): Promise<TaskRecord> {
    return (await this.wait(id, 0)).record;
  }

  /** All that a running server tells of itself. */
  public async status(): Promise<RunningStatus> {
    const socket = await this.host.openUnixSocket(join(this.folder, "control.sock"));
    const channel = new ControlChannel(socket);
    try {
      await channel.send({ v: 1, op: "status" });
      return statusSchema.parse(await channel.readLine());
    } finally {
      channel.close();
    }
  }

  public log(): string {
    return readFileSync(join(this.folder, "server.log"), "utf8");
  }

  public stop(options: { remove?: boolean; instanceId?: string } = {}): Promise<{ uncollected: string[] }> {
    const { remove = false, instanceId = this.instanceId } = options;
    return stopServer(this.host, { identity: this.identity, instanceId, remove });
  }
}

export function makeToken(): string {
  return `sk-ant-oat01-${randomBytes(24).toString("hex")}`;
}
