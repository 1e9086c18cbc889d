import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBootFiles } from "../../guestRootfs/bootFiles";
import { temporaryFolder } from "../temporaryFolder";

const run = promisify(execFile);

/** Where the stand-in agent is in a guest. */
export const agentProgram = "/usr/local/bin/stand-in-agent";

const packTimeoutMs = 30_000;

/**
 * In place of the other one's: it brings the stand-in agent along, which is no part of an image. What it writes is in
 * the guest's own copy of the image.
 */
const init = `#!/busybox sh
/busybox mount -t proc proc /proc
/busybox mount -t devtmpfs devtmpfs /dev
for module in virtio_ring virtio virtio_mmio failover net_failover virtio_net virtio_blk; do
  /busybox insmod "/$module.ko"
done
/busybox mount -t ext4 /dev/vda /image
/busybox cp /agent.sh /image${agentProgram}
/busybox chmod 755 /image${agentProgram}
exec /busybox env -i HOME=/ TERM=linux /busybox switch_root /image /sbin/fc-agent
`;

/**
 * Writes an initial RAM disk that makes an image the root of a guest whose kernel has its drivers as modules; or tells
 * why there is none. Firecracker's own kernels need no such thing.
 */
export async function writeDiskInitrd(target: string): Promise<{ obstacle: string } | undefined> {
  const files = await findBootFiles();
  if ("obstacle" in files) return files;
  const added = await temporaryFolder();
  try {
    writeFileSync(join(added.path, "init"), init);
    copyFileSync(join(__dirname, "agent.sh"), join(added.path, "agent.sh"));
    chmodSync(join(added.path, "init"), 0o755);
    const archive = `${target}.added`;
    const pack = 'cd "$1" && find . | busybox cpio -o -H newc > "$2"';
    await run("sh", ["-c", pack, "sh", added.path, archive], { timeout: packTimeoutMs });
    // The kernel unpacks one archive after the other, and the last one's files count (initramfs-buffer-format.txt).
    writeFileSync(target, Buffer.concat([readFileSync(files.initramfs), readFileSync(archive)]));
  } finally {
    await added.remove();
  }
  return undefined;
}
