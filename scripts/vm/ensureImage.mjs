import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { SetupError } from "../setup/setupError.mjs";
import { buildInitramfs } from "./buildInitramfs.mjs";
import { ensureKernel } from "./ensureKernel.mjs";
import { guestAgentFile, kernelFolder, standInAgentFile, vmFolder } from "./vmFolders.mjs";
import { findVmObstacle, findVmPrograms } from "./vmPrograms.mjs";

/**
 * @typedef {object} VmImage
 * @property {string} kernel path of the kernel, compressed as distributions have it
 * @property {string} vmlinux path of the same kernel as an ELF file, which Firecracker boots
 * @property {string} initramfs path of the root file system
 */

/**
 * What a virtual machine boots from: built when one of its parts has changed, else the one that is there.
 *
 * @returns {Promise<VmImage>}
 */
export async function ensureImage() {
  const obstacle = findVmObstacle();
  if (obstacle !== undefined) throw new SetupError(obstacle);
  await ensureKernel();
  const programs = await findVmPrograms();
  const name = `initramfs-${fingerprintOf(programs)}.cpio`;
  const initramfs = join(vmFolder, name);
  if (!existsSync(initramfs)) {
    const content = await buildInitramfs(programs);
    // Whole or not at all, also when two build it at once.
    const unfinished = `${initramfs}.${process.pid}`;
    writeFileSync(unfinished, content);
    renameSync(unfinished, initramfs);
    removeOthers(name);
  }
  return { kernel: join(kernelFolder, "vmlinuz"), vmlinux: join(kernelFolder, "vmlinux"), initramfs };
}

/** @param {import("./vmPrograms.mjs").VmPrograms} programs */
function fingerprintOf({ busybox, dynamic }) {
  const hash = createHash("sha256");
  const own = readdirSync(import.meta.dirname)
    .sort()
    .map((name) => join(import.meta.dirname, name));
  for (const path of [guestAgentFile, standInAgentFile, ...own]) hash.update(readFileSync(path));
  for (const path of [busybox, ...dynamic, join(kernelFolder, "vmlinuz")]) {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${path}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** @param {string} kept */
function removeOthers(kept) {
  mkdirSync(vmFolder, { recursive: true });
  for (const name of readdirSync(vmFolder)) {
    if (/^initramfs-[0-9a-f]+\.cpio$/.test(name) && name !== kept)
      rmSync(join(vmFolder, name), { force: true });
  }
}
