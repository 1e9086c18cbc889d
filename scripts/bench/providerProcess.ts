import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import * as z from "zod";
import { repositoryFolder } from "../../tests/support/findPulumi";
import type { Defer } from "./undo";

const answerSchema = z.object({
  id: z.number(),
  startedAt: z.number(),
  endedAt: z.number(),
  spans: z.array(z.object({ name: z.string(), startedAt: z.number(), endedAt: z.number() })),
  result: z.unknown().optional(),
  error: z.string().optional(),
});

/** A call's result, and when it and the steps inside it began and ended. */
export type Call = z.infer<typeof answerSchema>;

export interface ProviderProcess {
  readonly pid: number;
  create(resource: Resource, inputs: object): Promise<Created>;
  /** Looks at what a call has created, as a refresh does. */
  read(resource: Resource, created: Call): Promise<Call>;
  remove(resource: Resource, call: Call): Promise<Call>;
  /** Loads the package without doing anything. */
  load(): Promise<Call>;
  stop(): Promise<void>;
}

export type Resource = "FcTaskServer" | "AgentRun" | "HostNetwork" | "MicroVm" | "Snapshot";

/** A call that has made a resource, with the resource's id and its state. */
export type Created = Call & { resourceId: string; outs: Record<string, unknown> };

const createdSchema = z.object({ id: z.string(), outs: z.record(z.string(), z.unknown()) });

/** Starts the process in which Pulumi would run our lifecycles, with the built package. */
export async function startProvider(defer: Defer): Promise<ProviderProcess> {
  const child = fork(join(__dirname, "programs", "provider.mjs"), {
    cwd: repositoryFolder,
    detached: true,
    execArgv: [],
    // What it prints are warnings of results that nobody has collected, and of those there are thousands.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const exited = once(child, "exit");
  await once(child, "spawn");
  const { pid } = child;
  if (pid === undefined) throw new Error("the provider process did not start");
  const waiting = new Map<number, { resolve: (call: Call) => void; reject: (error: Error) => void }>();
  let calls = 0;
  child.on("message", (message) => {
    const answer = answerSchema.parse(message);
    const { resolve, reject } = waiting.get(answer.id) ?? {};
    waiting.delete(answer.id);
    if (answer.error === undefined) resolve?.(answer);
    else reject?.(new Error(answer.error));
  });
  child.on("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error("the provider process ended"));
  });
  const call = (resource: string, method: string, args: unknown[]): Promise<Call> => {
    calls += 1;
    const id = calls;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      child.send({ id, resource, method, args });
    });
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
  };
  defer(stop);
  return {
    pid,
    stop,
    create: async (resource, inputs) => {
      const answer = await call(resource, "create", [inputs]);
      const { id, outs } = createdSchema.parse(answer.result);
      return { ...answer, resourceId: id, outs };
    },
    read: (resource, created) => {
      const { id, outs } = createdSchema.parse(created.result);
      return call(resource, "read", [id, outs]);
    },
    remove: (resource, created) => {
      const { id, outs } = createdSchema.parse(created.result);
      return call(resource, "delete", [id, outs]);
    },
    load: () => call("", "", []),
  };
}
