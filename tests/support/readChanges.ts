import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";

/** What the engine did, or in a preview would do. */
export interface Changes {
  /** Number of resources by operation: `create`, `update`, `same`, `replace`, `delete`; the stack itself left out. */
  changes: Record<string, number>;
  /** The operation on each resource, by the resource's name. */
  operations: Record<string, string>;
  /** The same by class and name, such as `MicroVm review`: the parts of a component share its name. */
  operationsByClass: Record<string, string>;
}

const eventSchema = z.object({
  resourcePreEvent: z
    .object({ metadata: z.object({ op: z.string(), urn: z.string(), type: z.string() }) })
    .optional(),
});

/** The steps of a replacement, of which only the whole is of interest. */
const partialSteps = new Set(["create-replacement", "delete-replaced", "read-discard", "discard-replaced"]);

/** Reads the engine's event log, a JSON object on each line. A killed CLI may leave half a line at its end. */
export function readChanges(path: string): Changes {
  const changes: Record<string, number> = {};
  const operations: Record<string, string> = {};
  const operationsByClass: Record<string, string> = {};
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  for (const line of lines) {
    const metadata = parseEvent(line)?.resourcePreEvent?.metadata;
    if (metadata === undefined || partialSteps.has(metadata.op)) continue;
    if (metadata.type === "pulumi:pulumi:Stack" || metadata.type.startsWith("pulumi:providers:")) continue;
    changes[metadata.op] = (changes[metadata.op] ?? 0) + 1;
    const name = metadata.urn.split("::").at(-1) ?? "";
    operations[name] = metadata.op;
    operationsByClass[`${metadata.type.split(":").at(-1) ?? ""} ${name}`] = metadata.op;
  }
  return { changes, operations, operationsByClass };
}

function parseEvent(line: string): z.infer<typeof eventSchema> | undefined {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
