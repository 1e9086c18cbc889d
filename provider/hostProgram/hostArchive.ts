import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { zipFiles } from "../taskServer/zipFiles";

/** Modules of the task server that know processes, namespaces and private folders, which the host program needs too. */
const sharedModules = ["__init__", "netlink", "netns", "process_identity", "refusal", "state_folder"];

let built: Buffer | undefined;

/** The host program as it is sent to the host: a zip file with the Python modules beside this file. */
export function hostArchive(): Buffer {
  built ??= zipFiles(readHostSources());
  return built;
}

/** The files of the archive by their names in it. */
export function readHostSources(): Record<string, Uint8Array> {
  const shared = join(__dirname, "..", "taskServer", "task_server");
  const names = readdirSync(join(__dirname, "fc_host"), { recursive: true, encoding: "utf8" });
  return Object.fromEntries([
    ...sharedModules.map((name) => [`task_server/${name}.py`, readFileSync(join(shared, `${name}.py`))]),
    ...names
      .filter((name) => name.endsWith(".py"))
      .sort()
      .map((name) => [`fc_host/${name}`, readFileSync(join(__dirname, "fc_host", name))]),
  ]) as Record<string, Uint8Array>;
}
