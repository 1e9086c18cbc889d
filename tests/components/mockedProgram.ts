/*
 * A Pulumi program without an engine: declares a component as standard input describes it, and prints what was
 * registered. It is a process of its own, because Pulumi's mocks are global to a process.
 */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { AgentSnapshot, type AgentSnapshotArgs } from "../../components/agentSnapshot";
import { FcAgentRun, type FcAgentRunArgs } from "../../components/fcAgentRun";

/** What is declared; `snapshot` and `run` in this order, the run of the snapshot unless it has a `boot`. */
export interface MockedProgram {
  isPreview?: boolean;
  snapshot?: AgentSnapshotArgs;
  run?: Omit<FcAgentRunArgs, "snapshot">;
}

/** A resource as the engine would be told of it. */
export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  /** Where secrets are in the inputs, such as `/connection/privateKey`. */
  secrets: string[];
  parent: string;
  dependencies: string[];
}

const secretMark = "4dabf18193072939515e22adb298388d";

const registered: Registered[] = [];
const relations = new Map<string, Pick<Registered, "parent" | "dependencies">>();

function findSecrets(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (secretMark in value) return [path];
  return Object.entries(value).flatMap(([key, child]) => findSecrets(child, `${path}/${key}`));
}

async function main(): Promise<void> {
  const program = JSON.parse(readFileSync(0, "utf8")) as MockedProgram;
  await pulumi.runtime.setMocks(
    {
      call: () => ({}),
      newResource: ({ type, name, inputs }) => {
        registered.push({
          ...{ type, name, inputs: reveal(inputs) as Record<string, unknown> },
          secrets: findSecrets(inputs),
          ...(relations.get(`${type} ${name}`) ?? { parent: "", dependencies: [] }),
        });
        const paths = { snapshotPath: "/s/state", memoryPath: "/s/memory" };
        return { id: `id of ${name}`, state: { ...(inputs as object), ...paths } };
      },
    },
    "project",
    "stack",
    program.isPreview === true,
    "organization",
  );
  watchRelations();
  const { snapshot, run } = program;
  await pulumi.runtime.runInPulumiStack(() => {
    const baked = snapshot === undefined ? undefined : new AgentSnapshot("baked", snapshot);
    if (run !== undefined)
      new FcAgentRun("run", { ...run, ...(baked === undefined ? {} : { snapshot: baked }) });
    return Promise.resolve({});
  });
  await pulumi.runtime.disconnect();
  process.stdout.write(JSON.stringify(registered));
}

/** Parents and dependencies are what the mocks are not told. */
function watchRelations(): void {
  const monitor = pulumi.runtime.getMonitor() as NonNullable<ReturnType<typeof pulumi.runtime.getMonitor>>;
  type Register = (...args: unknown[]) => ReturnType<typeof monitor.registerResource>;
  const original = monitor.registerResource.bind(monitor) as Register;
  monitor.registerResource = (request: RegisterResourceRequest, ...rest: unknown[]) => {
    relations.set(`${request.getType()} ${request.getName()}`, {
      parent: lastOf(request.getParent()),
      dependencies: request.getDependenciesList().map(lastOf).sort(),
    });
    return original(request, ...rest);
  };
}

/** Type and name of a URN. */
function lastOf(urn: string): string {
  const [type = "", name = ""] = urn.split("::").slice(-2);
  return `${type.split(/[$:]/).at(-1) ?? ""} ${name}`;
}

/** Takes the marks of secrets off. */
function reveal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reveal);
  if (typeof value !== "object" || value === null) return value;
  if (secretMark in value && "value" in value) return reveal(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, reveal(child)]));
}

main().catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exitCode = 1;
});
