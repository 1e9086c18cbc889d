import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const cacheFolder = join(__dirname, "..", "..", ".tools", "cache");
const folder = join(cacheFolder, "boot-disk");
const downloadTimeoutMs = 120_000;

/** In the order in which they can be inserted. */
const moduleNames = [
  ...["virtio_ring", "virtio", "virtio_mmio", "failover", "net_failover", "virtio_net", "virtio_blk"],
];

/**
 * Debian's kernel has the drivers of disk and network card as modules, which Firecracker's kernels have built in: a
 * small first root inserts them, mounts the image and hands over to its guest agent, with the environment that the
 * kernel gives to a first process.
 */
const init = `#!/busybox sh
/busybox mount -t proc proc /proc
/busybox mount -t devtmpfs devtmpfs /dev
for module in ${moduleNames.join(" ")}; do /busybox insmod "/$module.ko"; done
/busybox mount -t ext4 /dev/vda /image
exec /busybox env -i HOME=/ TERM=linux /busybox switch_root /image /sbin/fc-agent
`;

/** A kernel and its first root. */
export interface BootFiles {
  readonly kernel: string;
  readonly initramfs: string;
}

/** What an image is booted with in QEMU, or why none can be booted here. */
export async function findBootFiles(): Promise<BootFiles | { obstacle: string }> {
  const busybox = findProgram("busybox");
  if (process.arch !== "x64") return { obstacle: "the test boots an x86-64 kernel" };
  if (busybox === undefined || findProgram("qemu-system-x86_64") === undefined)
    return { obstacle: "booting an image needs busybox-static and qemu-system-x86" };
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder, { recursive: true });
    const work = mkdtempSync(join(cacheFolder, "boot-"));
    try {
      await make(work, busybox);
      renameSync(join(work, "made"), folder);
    } catch (error) {
      const [reason = ""] = String(error).split("\n");
      return { obstacle: `no kernel can be had: ${reason}` };
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return { kernel: join(folder, "vmlinuz"), initramfs: join(folder, "initramfs") };
}

async function make(work: string, busybox: string): Promise<void> {
  const asked = await run("apt-cache", ["depends", "--important", "linux-image-cloud-amd64"]);
  const name = /^\s*Depends: (linux-image-\S+)$/m.exec(asked.stdout)?.[1];
  if (name === undefined) throw new Error("apt does not know the package linux-image-cloud-amd64");
  await run("apt-get", ["-q", "download", name], { cwd: work, timeout: downloadTimeoutMs });
  const archive = readdirSync(work).find((file) => file.endsWith(".deb")) ?? "";
  const unpacked = join(work, "unpacked");
  await run("dpkg-deb", ["-x", join(work, archive), unpacked], { timeout: downloadTimeoutMs });
  const files = readdirSync(unpacked, { recursive: true, encoding: "utf8" });
  const find = (pattern: RegExp): string => {
    const path = files.find((file) => pattern.test(file));
    if (path === undefined) throw new Error(`the kernel's package has no ${pattern.source}`);
    return join(unpacked, path);
  };
  const [made, root] = [join(work, "made"), join(work, "root")];
  for (const path of [made, root, join(root, "proc"), join(root, "dev"), join(root, "image")])
    mkdirSync(path);
  renameSync(find(/^boot\/vmlinuz-/), join(made, "vmlinuz"));
  copyFileSync(busybox, join(root, "busybox"));
  for (const module of moduleNames)
    copyFileSync(find(new RegExp(`/${module}\\.ko$`)), join(root, `${module}.ko`));
  writeFileSync(join(root, "init"), init);
  chmodSync(join(root, "init"), 0o755);
  // The kernel opens it for the first process.
  await run("mknod", [join(root, "dev", "console"), "c", "5", "1"]);
  const pack = 'cd "$1" && find . | "$2" cpio -o -H newc > "$3"';
  await run("sh", ["-c", pack, "sh", root, busybox, join(made, "initramfs")]);
}

function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((path) => join(path, name)).find((path) => existsSync(path));
}
