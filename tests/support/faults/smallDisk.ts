import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { TaskServer } from "../taskServer/taskServer";

const sizeMib = 4;

/** Tells why no file system can be mounted here; `undefined` where it can. */
export function findMountObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "mounting a file system needs root";
  return existsSync("/bin/mount") || existsSync("/usr/bin/mount") ? undefined : "mount is not installed";
}

/** A file system of its own, and a small one, for a server's folder. */
export class SmallDisk {
  private readonly filler: string;

  private constructor(private readonly server: TaskServer) {
    this.filler = join(server.folder, "filler");
  }

  /** Mounts it in the place where the server's folder will be. */
  public static mount(server: TaskServer): SmallDisk {
    mkdirSync(server.folder, { recursive: true, mode: 0o700 });
    const options = `size=${sizeMib}m,mode=700`;
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "fc-agents-test", server.folder]);
    return new SmallDisk(server);
  }

  /** Writes until nothing fits in any more. */
  public fill(): void {
    const file = openSync(this.filler, "a");
    try {
      for (const size of [64 * 1024, 4096]) {
        const piece = Buffer.alloc(size, "x");
        while (tryWrite(file, piece));
      }
    } finally {
      closeSync(file);
    }
  }

  public makeRoom(): void {
    rmSync(this.filler);
  }

  /** Stops the server, which has it in use, and unmounts it. */
  public async unmount(): Promise<void> {
    await this.server.stop();
    execFileSync("umount", [this.server.folder]);
  }
}

function tryWrite(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) === piece.length;
  } catch {
    return false;
  }
}
