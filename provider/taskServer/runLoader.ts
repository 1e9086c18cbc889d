import * as z from "zod";
import { runArchive } from "../hostProgram/runArchive";
import type { Host } from "../ssh/host";
import { serverArchive, type ServerArchive } from "./serverArchive";
import { serverFolder } from "./serverFolder";
import type { ServerIdentity } from "./serverIdentity";
import { type ControlStatus, controlStatusSchema, type TaskSubmission } from "./taskRecord";

/** Bounds one command on the host, in milliseconds: waiting for a lock, stopping an old server and starting a new one. */
const loaderTimeoutMs = 120_000;

/** What a running server is told, by its deployment or later. */
export interface ServerSettings {
  token: string;
  limits: { maxResultBytes: number; resultRetentionHours: number };
  /** Environment variables of tasks, by task id. */
  taskEnv?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
}

export interface DeployCommand extends ServerSettings {
  identity: ServerIdentity;
  /** Stable key of the resource, which says whose server it is. */
  owner: string;
  instanceId: string;
  takeOver: boolean;
  submission?: TaskSubmission | undefined;
}

export interface StopCommand {
  identity: ServerIdentity;
  /** Only this instance is stopped. */
  instanceId: string;
  /** Removes the server's folder too, with queue and results. */
  remove: boolean;
}

const stopAnswerSchema = z.object({ uncollected: z.array(z.string()) });

const anyAnswerSchema = z.looseObject({ ok: z.literal(true), stateRoot: z.string() });

/** Where the folders of all servers are for the user who logs in there; known once the loader has run there. */
export function knownStateRoot(host: Host): string | undefined {
  const root = host.cache.get(stateRootKey);
  return typeof root === "string" ? root : undefined;
}

const stateRootKey = "the folder of all task servers";

/** Brings a task server up in one command: starts it, or takes over one of the same owner that runs. */
export async function deployServer(
  host: Host,
  command: DeployCommand,
  archive: ServerArchive = serverArchive(),
): Promise<ControlStatus> {
  const { version } = archive;
  const answer = await runLoader(host, "Could not deploy the task server", archive, {
    op: "deploy",
    folder: serverFolder(command.identity),
    version,
    ...command,
  });
  return controlStatusSchema.parse(answer);
}

/** Stops the instance, if it is there. Returns the tasks whose results were removed without having been collected. */
export async function stopServer(host: Host, command: StopCommand): Promise<{ uncollected: string[] }> {
  const answer = await runLoader(host, "Could not stop the task server", serverArchive(), {
    op: "stop",
    folder: serverFolder(command.identity),
    ...command,
  });
  return stopAnswerSchema.parse(answer);
}

/** Looks at a server by way of a process on the host: also when it is stopped, and where sshd forwards no sockets. */
export async function probeServer(host: Host, identity: ServerIdentity): Promise<ControlStatus> {
  const answer = await runLoader(host, "Could not look at the task server", serverArchive(), {
    op: "probe",
    folder: serverFolder(identity),
  });
  return controlStatusSchema.parse(answer);
}

async function runLoader(
  host: Host,
  what: string,
  archive: ServerArchive,
  command: object,
): Promise<unknown> {
  const answer = await runArchive(host, what, {
    archive: archive.bytes,
    entry: "task_server.loader",
    command,
    timeoutMs: loaderTimeoutMs,
  });
  host.cache.set(stateRootKey, anyAnswerSchema.parse(answer).stateRoot);
  return answer;
}
