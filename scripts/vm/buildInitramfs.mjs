import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../setup/runCommand.mjs";
import { buildCpioArchive, characterDeviceType, fileType, folderType, linkType } from "./cpioArchive.mjs";
import { kernelModules } from "./ensureKernel.mjs";
import { readProgram, readPrograms } from "./programFiles.mjs";
import { guestAgentFile, kernelFolder, standInAgentFile } from "./vmFolders.mjs";

/**
 * The root file system of a virtual machine, in memory: busybox, git, curl, the guest agent as PID 1, and the stand-in
 * agent.
 *
 * @param {import("./vmPrograms.mjs").VmPrograms} programs
 * @returns {Promise<Buffer>}
 */
export async function buildInitramfs({ busybox, dynamic }) {
  const applets = await runCommand(busybox, ["--list"], { timeoutMs: 30_000 });
  return buildCpioArchive([
    // The kernel opens it for the first process.
    { path: "dev/console", mode: characterDeviceType | 0o600, device: [5, 1] },
    ...["proc", "sys", "tmp", "run", "root", "usr/share/git-core/templates"].map((path) => ({
      path,
      mode: folderType | 0o755,
    })),
    text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
    text("etc/group", "root:x:0:\n"),
    text("etc/hosts", "127.0.0.1 localhost\n"),
    readProgram("bin/busybox", busybox),
    ...applets
      .split("\n")
      .filter((name) => name !== "" && name !== "busybox")
      .map((name) => ({ path: `bin/${name}`, mode: linkType | 0o777, data: Buffer.from("/bin/busybox") })),
    ...(await readPrograms(dynamic)),
    ...kernelModules.map((name) => ({
      path: `lib/modules/${name}.ko`,
      mode: fileType | 0o644,
      data: readFileSync(join(kernelFolder, `${name}.ko`)),
    })),
    readProgram("usr/bin/claude", standInAgentFile),
    readProgram("sbin/fc-agent", guestAgentFile),
    readProgram("init", join(import.meta.dirname, "init.sh")),
  ]);
}

/**
 * @param {string} path
 * @param {string} content
 */
function text(path, content) {
  return { path, mode: fileType | 0o644, data: Buffer.from(content) };
}
