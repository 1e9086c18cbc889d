import { chmodSync, cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { connectionSchema } from "../../../provider/connection/connectionSchema";
import { agentRunLifecycle } from "../../../provider/agentRun/agentRunLifecycle";
import { fcTaskServerLifecycle } from "../../../provider/fcTaskServer/fcTaskServerLifecycle";
import type { Lifecycle } from "../../../provider/forward/lifecycle";
import type { SshdConnection } from "../sshd";
import { TaskServer } from "../taskServer/taskServer";

/** What a stack and its host had when version 0.0.9 had done its work; only the private key was taken out. */
const fixture = join(__dirname, "..", "..", "fixtures", "upgrade", "0.0.9");

/** Where Pulumi marks a secret in a state that is exported with `--show-secrets`. */
const secretMark = "4dabf18193072939515e22adb298388d";
const secretKind = "1b47061264138c4ac30d75fd1eb44270";

const descriptionSchema = z.object({
  owner: z.string(),
  instanceId: z.string(),
  identity: z.object({ tapIp: z.string(), tapPort: z.number() }),
  version: z.string(),
});

const stateSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(
      z.looseObject({
        urn: z.string(),
        id: z.string().optional(),
        inputs: z.record(z.string(), z.unknown()).optional(),
        outputs: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
  }),
});

/** A resource as it stands in the state, secrets in plain. */
export interface OldResource {
  id: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  lifecycle: Lifecycle;
}

/** A stack that an older build of the package has deployed, with its host's folder and its server. */
export class OldStack {
  public readonly version: string;
  public readonly server: TaskServer;

  private constructor(private readonly connection: SshdConnection) {
    const { version, owner, identity, instanceId } = descriptionSchema.parse(
      JSON.parse(readFileSync(join(fixture, "folder", "server.json"), "utf8")),
    );
    const archive = { bytes: readFileSync(join(fixture, "folder", "task_server.pyz")), version };
    this.version = version;
    this.server = new TaskServer({ owner, identity, archive });
    this.server.instanceId = instanceId;
  }

  /** Puts the folder into its place. The server of that version does not run yet. */
  public static restore(connection: SshdConnection): OldStack {
    const stack = new OldStack(connection);
    cpSync(join(fixture, "folder"), stack.server.folder, { recursive: true });
    chmodSync(stack.server.folder, 0o700);
    return stack;
  }

  public find(name: string): OldResource {
    const found = this.readState().deployment.resources.find(({ urn }) => urn.endsWith(`::${name}`));
    if (found === undefined) throw new Error(`no resource ${name} in the fixture`);
    const lifecycle = found.urn.includes("AgentRun") ? agentRunLifecycle : fcTaskServerLifecycle;
    const { connection } = this;
    return {
      id: found.id ?? "",
      inputs: { ...(showSecrets(found.inputs) as object), connection },
      outputs: { ...(showSecrets(found.outputs) as object), connection },
      lifecycle,
    };
  }

  /** The body of a result that was too long for the database. */
  public readResult(taskId: string): Buffer {
    return readFileSync(join(fixture, "folder", "results", taskId));
  }

  /** The exported state as the CLI imports it: that of a stack whose host has had this connection all along. */
  public exportedState(): string {
    const state = this.readState();
    const plaintext = JSON.stringify(connectionSchema.parse(this.connection));
    const connection = { [secretMark]: secretKind, plaintext };
    for (const resource of state.deployment.resources) {
      for (const values of [resource.inputs, resource.outputs]) {
        if (values !== undefined && "connection" in values) values.connection = connection;
      }
    }
    return JSON.stringify(state);
  }

  private readState(): z.infer<typeof stateSchema> {
    return stateSchema.parse(JSON.parse(readFileSync(join(fixture, "state.json"), "utf8")));
  }
}

function showSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(showSecrets);
  if (typeof value !== "object" || value === null) return value;
  if (secretMark in value && "plaintext" in value) {
    return showSecrets(JSON.parse(String(value.plaintext)));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, child]: [string, unknown]) => [key, showSecrets(child)]),
  );
}
