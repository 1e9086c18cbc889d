import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { zipFiles } from "../taskServer/zipFiles";

/** Modules of the task server that know processes, namespaces and private folders, which the host program needs too. */
const sharedModules = ["__init__", "netlink", "netns", "process_identity", "refusal", "state_folder"];

/** How a module names another topic: `from ..vm.place import …` or `from fc_host.inspect.cpu import …`. */
const otherTopic = /^\s*(?:from|import) (?:\.\.|fc_host\.)([a-z]+)/gm;

const built = new Map<string, Buffer>();

/**
 * The host program as it is sent to the host: a zip file with the Python modules beside this file. Of its topics only
 * the one that an operation (`<topic>.<verb>`) belongs to, and those that this one uses: it is sent each time.
 */
export function hostArchive(op?: string): Buffer {
  const topic = op?.split(".")[0] ?? "";
  const archive = built.get(topic) ?? zipFiles(readHostSources(topic === "" ? undefined : topic));
  built.set(topic, archive);
  return archive;
}

/** The files of the archive by their names in it; without a topic, those of all. */
export function readHostSources(topic?: string): Record<string, Uint8Array> {
  const sources = readOwnSources();
  const wanted = topic === undefined ? undefined : listTopics(sources, topic);
  const shared = join(__dirname, "..", "taskServer", "task_server");
  return Object.fromEntries([
    ...sharedModules.map((name) => [`task_server/${name}.py`, readFileSync(join(shared, `${name}.py`))]),
    ...[...sources]
      .filter(([name]) => wanted === undefined || wanted.has(topicOf(name)))
      .map(([name, text]) => [`fc_host/${name}`, text]),
  ]) as Record<string, Uint8Array>;
}

function readOwnSources(): Map<string, Buffer> {
  const folder = join(__dirname, "fc_host");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const modules = names.filter((name) => name.endsWith(".py")).sort();
  return new Map(modules.map((name) => [name, readFileSync(join(folder, name))]));
}

/** A topic and those that it uses, and theirs; what belongs to no topic has the name "". */
function listTopics(sources: ReadonlyMap<string, Buffer>, topic: string): Set<string> {
  const found = new Set(["", topic]);
  for (const wanted of found) {
    for (const [name, text] of sources) {
      if (topicOf(name) !== wanted || wanted === "") continue;
      for (const [, used = ""] of text.toString("utf8").matchAll(otherTopic)) found.add(used);
    }
  }
  return found;
}

function topicOf(name: string): string {
  const parts = name.split("/");
  return parts.length > 1 ? (parts[0] ?? "") : "";
}
