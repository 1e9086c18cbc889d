import * as z from "zod";

const resourceSchema = z.object({
  urn: z.string(),
  id: z.string().optional(),
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
  initErrors: z.array(z.string()).optional(),
});

export type ResourceState = z.infer<typeof resourceSchema>;

const stateSchema = z.object({
  checkpoint: z.object({
    latest: z.object({ resources: z.array(resourceSchema).default([]) }).nullish(),
  }),
});

/** A stack's state: its resources by their names. */
export class StackState {
  public constructor(public readonly resources: readonly ResourceState[]) {}

  /** A resource by its name; where several have that name, by the name of its class too. */
  public find(name: string, type = ""): ResourceState | undefined {
    return this.resources.find(
      (resource) => resource.urn.split("::").at(-1) === name && resource.type.endsWith(type),
    );
  }

  public get(name: string, type = ""): ResourceState {
    const resource = this.find(name, type);
    if (resource === undefined) throw new Error(`no resource ${type} ${name} in the state`);
    return resource;
  }

  /** The stack's own outputs. */
  public get outputs(): Readonly<Record<string, unknown>> {
    return this.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  }
}

/** Reads a checkpoint file of the file backend. */
export function readStackState(text: string): StackState {
  return new StackState(stateSchema.parse(JSON.parse(text)).checkpoint.latest?.resources ?? []);
}
