import { execFileSync } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";

/** Works with a small file system of its own at a path, which is taken away afterwards. */
export async function onSmallDisk<T>(path: string, size: string, work: () => Promise<T>): Promise<T> {
  const isNew = mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined;
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=700`, "tmpfs", path]);
  try {
    return await work();
  } finally {
    execFileSync("umount", ["--lazy", path]);
    if (isNew) rmdirSync(path);
  }
}
