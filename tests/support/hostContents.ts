import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { netnsFolder, stateRoot } from "./namespace";
import type { NetworkWorld } from "./network/networkWorld";

/** What is on a host that a stack could have left there, by kind. */
export type HostContents = Readonly<Record<string, readonly string[]>>;

const topics = ["networks", "vms", "jail/firecracker", "snapshots", "images", "kernels", "firecracker"];

/**
 * Looks at a host that is a namespace: its links, routes, rules, the namespaces behind it, processes and folders. Other
 * tests' namespaces and folders are there too: the names of the stack's hold one of `marks`.
 */
export async function readHostContents(
  world: NetworkWorld,
  marks: readonly string[] = [],
): Promise<HostContents> {
  const isOurs = (name: string): boolean => marks.some((mark) => name.includes(mark));
  const lines = async (...argv: string[]): Promise<string[]> =>
    (await world.run(argv)).split("\n").filter((line) => line.trim() !== "");
  const links = (await lines("ip", "-o", "link")).map((line) => line.split(": ")[1]?.split("@")[0] ?? "");
  const namespaces = list(netnsFolder).filter((name) => name === world.hostNetns || isOurs(name));
  return {
    links,
    namespaces,
    routes: await lines("ip", "route"),
    rules: await lines("nft", "list", "tables"),
    forwarding: await lines("cat", "/proc/sys/net/ipv4/ip_forward"),
    processes: listProcesses(namespaces),
    files: [
      ...topics.flatMap((topic) => list(join(stateRoot, topic)).map((name) => `${topic}/${name}`)),
      ...list(stateRoot),
    ].filter(isOurs),
  };
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** What runs in these namespaces, but for the SSH server, whose sessions come and go. */
function listProcesses(namespaces: readonly string[]): string[] {
  const inodes = new Set(namespaces.flatMap((name) => inodeOf(join(netnsFolder, name))));
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const [, inode = ""] = /\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/net`)) ?? [];
        if (!inodes.has(inode)) return [];
        const command = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
        return command === "sshd" ? [] : [`${command} ${pid}`];
      } catch {
        return []; // It has ended.
      }
    });
}

function inodeOf(path: string): string[] {
  try {
    return [String(statSync(path).ino)];
  } catch {
    return []; // Removed meanwhile.
  }
}
