import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { LocalFileError } from "../errors/localFileError";
import type { FirecrackerSource, GuestKernel } from "./sourceSchema";

/** A file on this machine that the host may need. */
export interface LocalFile {
  /** What the host calls it: archive, firecracker, jailer or kernel. */
  name: string;
  /** Where it is declared: `source.file`. */
  property: string;
  path: string;
}

/** Where the path of each local file is declared. */
export const localFileProperties = {
  archive: "source.file",
  firecracker: "source.firecracker",
  jailer: "source.jailer",
  kernel: "kernel.file",
} as const;

/** The local files that the inputs name. */
export function listLocalFiles(
  source: FirecrackerSource | undefined,
  kernel: GuestKernel | undefined,
): LocalFile[] {
  const paths = {
    archive: source?.file,
    firecracker: source?.firecracker,
    jailer: source?.jailer,
    kernel: kernel?.file,
  };
  return Object.entries(localFileProperties).flatMap(([name, property]) => {
    const path = paths[name as keyof typeof paths];
    return path === undefined ? [] : [{ name, property, path }];
  });
}

/** The SHA-256 sum of a local file, read piece by piece. */
export async function hashLocalFile({ property, path }: LocalFile): Promise<string> {
  const digest = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) digest.update(chunk);
  } catch (error) {
    throw new LocalFileError(property, path, error);
  }
  return digest.digest("hex");
}

/** The size of a local file in bytes. */
export async function measureLocalFile({ property, path }: LocalFile): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw new LocalFileError(property, path, error);
  }
}
