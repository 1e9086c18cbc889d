import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { runCommand, tryCommand } from "../setup/runCommand.mjs";
import { SetupError } from "../setup/setupError.mjs";
import { replaceFolder } from "../setup/replaceFolder.mjs";
import { extractVmlinux } from "./extractVmlinux.mjs";
import { kernelFolder, vmFolder } from "./vmFolders.mjs";

/** Debian's kernel for virtual machines; this package depends on the newest one. */
const kernelPackage = "linux-image-cloud-amd64";

/** Drivers of the virtual network card, in the order in which they can be inserted. */
export const kernelModules = [
  "virtio_ring",
  "virtio",
  "virtio_mmio",
  "failover",
  "net_failover",
  "virtio_net",
];

const aptTimeoutMs = 5 * 60_000;

/** Puts kernel and modules into their folder, unless they are there. The package is taken apart, not installed. */
export async function ensureKernel() {
  if (!existsSync(join(kernelFolder, "vmlinuz"))) await fetchKernel();
  // As Firecracker wants it: an ELF file.
  const elf = join(kernelFolder, "vmlinux");
  if (existsSync(elf)) return;
  const unfinished = `${elf}.${process.pid}`;
  writeFileSync(unfinished, extractVmlinux(readFileSync(join(kernelFolder, "vmlinuz"))));
  renameSync(unfinished, elf);
}

async function fetchKernel() {
  mkdirSync(vmFolder, { recursive: true });
  const work = mkdtempSync(join(vmFolder, "kernel-"));
  try {
    await downloadKernel(work);
    const archive = readdirSync(work).find((name) => name.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt-get left no package in ${work}`);
    const unpacked = join(work, "unpacked");
    await runCommand("dpkg-deb", ["-x", join(work, archive), unpacked], { timeoutMs: aptTimeoutMs });
    const folder = join(work, "kernel");
    mkdirSync(folder);
    await collect(unpacked, folder);
    replaceFolder(folder, kernelFolder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} folder */
async function downloadKernel(folder) {
  try {
    await download(folder);
  } catch (error) {
    // A machine whose package lists were never fetched, or are too old.
    if (process.getuid?.() !== 0) throw new SetupError(`${describe(error)}\nRun: sudo apt-get update`);
    await runCommand("apt-get", ["-q", "update"], { timeoutMs: aptTimeoutMs });
    await download(folder);
  }
}

/** @param {string} folder */
async function download(folder) {
  const { output } = await tryCommand("apt-cache", ["depends", "--important", kernelPackage], {
    timeoutMs: aptTimeoutMs,
  });
  const name = /^\s*Depends: (linux-image-\S+)$/m.exec(output)?.[1];
  if (name === undefined) throw new SetupError(`apt does not know the package ${kernelPackage}`);
  await runCommand("apt-get", ["-q", "download", name], { cwd: folder, timeoutMs: aptTimeoutMs });
}

/**
 * @param {string} unpacked
 * @param {string} folder
 */
async function collect(unpacked, folder) {
  const files = readdirSync(unpacked, { recursive: true, encoding: "utf8" });
  /** @param {RegExp} pattern */
  const find = (pattern) => {
    const path = files.find((file) => pattern.test(file));
    if (path === undefined) throw new Error(`the kernel's package has no ${pattern.source}`);
    return join(unpacked, path);
  };
  renameSync(find(/^boot\/vmlinuz-/), join(folder, "vmlinuz"));
  for (const name of kernelModules) {
    const source = find(new RegExp(`/${name}\\.ko(\\.xz)?$`));
    renameSync(source, join(folder, basename(source)));
    if (source.endsWith(".xz")) {
      await runCommand("xz", ["-d", join(folder, basename(source))], { timeoutMs: 60_000 });
    }
  }
}

/** @param {unknown} error */
function describe(error) {
  return error instanceof Error ? error.message : String(error);
}
