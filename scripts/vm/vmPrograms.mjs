import { existsSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "../setup/findExecutable.mjs";
import { runCommand } from "../setup/runCommand.mjs";

/**
 * @typedef {object} VmPrograms
 * @property {string} busybox a static one
 * @property {readonly string[]} dynamic with their libraries
 */

/** What has to be on this machine to build an image and to boot it, with the packages that bring it. */
const needed = [
  { program: "busybox", package: "busybox-static" },
  { program: "qemu-system-x86_64", package: "qemu-system-x86" },
  { program: "git", package: "git" },
  { program: "curl", package: "curl" },
  { program: "ldd", package: "libc-bin" },
];

/** Tells why no virtual machine can be made here, with the names of what is missing; `undefined` where one can. */
export function findVmObstacle() {
  const missing = listMissingVmPackages();
  return (
    findMachineObstacle() ??
    (missing.length === 0 ? undefined : `virtual machines need these packages: ${missing.join(" ")}`)
  );
}

/** Debian's packages that would have to be installed; none on a machine that cannot use them. */
export function listMissingVmPackages() {
  if (findMachineObstacle() !== undefined) return [];
  return needed.filter(({ program }) => findExecutable(program) === undefined).map((entry) => entry.package);
}

function findMachineObstacle() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `virtual machines are made on x86-64 Linux, and this is ${process.platform} on ${process.arch}`;
  }
  if (findExecutable("apt-get") !== undefined && findExecutable("dpkg-deb") !== undefined) return undefined;
  return "the virtual machines' kernel is one of Debian's packages, and there is no apt-get here";
}

/** @returns {Promise<VmPrograms>} */
export async function findVmPrograms() {
  const [busybox, git, curl] = ["busybox", "git", "curl"].map((name) => findExecutable(name) ?? name);
  if (busybox === undefined || git === undefined || curl === undefined) throw new Error("unreachable");
  const core = (await runCommand(git, ["--exec-path"], { timeoutMs: 30_000 })).trim();
  const remoteHelper = join(core, "git-remote-http");
  return { busybox, dynamic: [git, curl, ...(existsSync(remoteHelper) ? [remoteHelper] : [])] };
}
