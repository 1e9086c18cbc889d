import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/** What the guest agent runs with. */
export interface GuestShell {
  readonly name: string;
  /** What begins its command line. */
  readonly command: readonly string[];
  /** Makes the folder with all programs that it finds, and returns the value of PATH. */
  makePath(folder: string): string;
  /** Why it cannot be had here. */
  readonly obstacle: string | undefined;
}

const busybox = "/bin/busybox";
const systemFolders = ["/usr/bin", "/bin"];

/** The shells and clients that images have. */
export const guestShells: readonly GuestShell[] = [
  {
    name: "dash and curl",
    command: ["dash"],
    makePath: () => systemFolders.join(":"),
    obstacle: obstacleOf("dash", "curl", "git"),
  },
  {
    name: "busybox ash and busybox wget",
    command: [busybox, "ash"],
    makePath: makeBusyboxFolder,
    obstacle: existsSync(busybox) ? obstacleOf("git") : "busybox-static is not installed",
  },
];

function obstacleOf(...programs: string[]): string | undefined {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(" and ")} is not installed`;
}

function findProgram(name: string): string | undefined {
  return systemFolders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Nothing but busybox, and git, which it does not have. */
function makeBusyboxFolder(folder: string): string {
  mkdirSync(folder);
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n").filter(Boolean);
  for (const applet of applets) symlinkSync(busybox, join(folder, applet));
  symlinkSync(findProgram("git") ?? "", join(folder, "git"));
  return folder;
}
