import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { zipFiles } from "./zipFiles";

/** The task server's program as it is sent to the host. */
export interface ServerArchive {
  /** A zip application that Python runs as it is. */
  bytes: Buffer;
  /** Version of the package, and a hash of the program's sources: another text is another version. */
  version: string;
}

let built: ServerArchive | undefined;

/** Builds the program from the Python sources beside this file. */
export function serverArchive(): ServerArchive {
  built ??= buildArchive(readSources());
  return built;
}

/** The files of the archive by their names in it. */
export function readSources(): Record<string, Uint8Array> {
  const folder = join(__dirname, "task_server");
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".py"))
    .sort();
  return {
    "__main__.py": readFileSync(join(__dirname, "pyz_main.py")),
    ...Object.fromEntries(names.map((name) => [`task_server/${name}`, readFileSync(join(folder, name))])),
  };
}

/** Puts sources into an archive. */
export function buildArchive(sources: Readonly<Record<string, Uint8Array>>): ServerArchive {
  const hash = createHash("sha256");
  for (const [name, text] of Object.entries(sources)) hash.update(`${name}\0${text.length}\0`).update(text);
  // By the package's own name: sources and built files lie in different places below package.json.
  const { version } = createRequire(__filename)("pulumi-fc-agents/package.json") as { version: string };
  return { bytes: zipFiles(sources), version: `${version}+${hash.digest("hex").slice(0, 12)}` };
}
