import { buildArchive, readSources, type ServerArchive } from "../../../provider/taskServer/serverArchive";

/** One protection of the task server taken out: a text of a module, and what stands there instead. */
export type Removal = readonly [module: string, from: string, to: string];

/** The server's sources without some of their protections, by their names in the archive. */
export function sourcesWithout(...removals: readonly Removal[]): Record<string, Uint8Array> {
  const sources = readSources();
  for (const [module, from, to] of removals) {
    const name = `task_server/${module}.py`;
    const text = Buffer.from(sources[name] ?? []).toString("utf8");
    if (!text.includes(from)) throw new Error(`${name} does not have: ${from}`);
    sources[name] = Buffer.from(text.replace(from, () => to));
  }
  return sources;
}

/** The program without them: what a test catches with it is what the protection keeps away. */
export function archiveWithout(...removals: readonly Removal[]): ServerArchive {
  return buildArchive(sourcesWithout(...removals));
}
