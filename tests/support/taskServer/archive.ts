import assert from "node:assert/strict";
import { buildArchive, readSources, type ServerArchive } from "../../../provider/taskServer/serverArchive";

export interface Alteration {
  /** Constants of modules by `module.NAME`, such as `guest_side.HOLD_SECONDS`; the values are Python's. */
  constants?: Readonly<Record<string, string>>;
  /** Whole modules by their names, such as `fault`. */
  modules?: Readonly<Record<string, string>>;
}

/** The task server's program with another value here and there: for bounds that a test cannot wait for. */
export function alteredArchive({ constants = {}, modules = {} }: Alteration): ServerArchive {
  const sources = readSources();
  for (const [module, text] of Object.entries(modules)) sources[nameOf(module)] = Buffer.from(text);
  for (const [path, value] of Object.entries(constants)) {
    const [module = "", constant = ""] = path.split(".");
    const name = nameOf(module);
    const text = Buffer.from(sources[name] ?? []).toString("utf8");
    const assignment = new RegExp(`^${constant} = .*$`, "m");
    assert.match(text, assignment, `${name} has no constant ${constant}`);
    sources[name] = Buffer.from(text.replace(assignment, `${constant} = ${value}`));
  }
  return buildArchive(sources);
}

/** The same program as another version of the package would bring it. */
export function otherVersionArchive(): ServerArchive {
  return buildArchive({ ...readSources(), "task_server/other.py": Buffer.from("# Another version.\n") });
}

function nameOf(module: string): string {
  return `task_server/${module}.py`;
}
