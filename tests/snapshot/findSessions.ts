import { readdirSync, readFileSync } from "node:fs";

interface Process {
  pid: number;
  parent: number;
  words: string;
}

/** What runs for an SSH server's connections: its own processes, and those that were started through it. */
export function findSessions({ folder }: { folder: string }): { sessions: number[]; programs: number[] } {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(readProcess);
  const server = processes.find(({ words }) => words.startsWith("sshd: ") && words.includes(folder));
  const below = (parents: readonly number[]): Process[] =>
    parents.length === 0 ? [] : processes.filter(({ parent }) => parents.includes(parent));
  const sessions: number[] = [];
  const programs: number[] = [];
  let level = below(server === undefined ? [] : [server.pid]);
  while (level.length > 0) {
    for (const { pid, words } of level) (words.startsWith("sshd: ") ? sessions : programs).push(pid);
    level = below(level.map(({ pid }) => pid));
  }
  return { sessions, programs };
}

/** Nothing of a process that has ended meanwhile. */
function readProcess(name: string): Process {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, "utf8");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    const words = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
    return { pid: Number(name), parent, words };
  } catch {
    return { pid: Number(name), parent: 0, words: "" };
  }
}
