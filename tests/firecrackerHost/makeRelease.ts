import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { defaultVersion } from "../../provider/firecrackerHost/releases";

/** The architecture of this machine, as releases of Firecracker name it. */
export const architecture = arch() === "arm64" ? "aarch64" : "x86_64";

export type Member = { name: string } & ({ text: string } | { hex: string } | { link: string });

export interface Release {
  readonly path: string;
  readonly content: Buffer;
  readonly sha256: string;
}

let counter = 0;

/**
 * A program that does no more than to say its version. Each is another one, so that no two tests share a folder on the
 * host, where others may be at work.
 */
export function sayVersion(name: "Firecracker" | "Jailer", version = defaultVersion): string {
  counter += 1;
  return `#!/bin/sh\n# ${process.pid} ${Date.now()} ${counter}\necho "${name} v${version}"\n`;
}

/** The members of a release's archive. */
export function releaseMembers(
  options: { version?: string; says?: string; architecture?: string } = {},
): Member[] {
  const { version = defaultVersion, says = version, architecture: machine = architecture } = options;
  const folder = `release-v${version}-${machine}`;
  return [
    { name: `${folder}/LICENSE`, text: "Apache-2.0" },
    { name: `${folder}/firecracker-v${version}-${machine}`, text: sayVersion("Firecracker", says) },
    { name: `${folder}/jailer-v${version}-${machine}`, text: sayVersion("Jailer", says) },
  ];
}

/** Packs members into an archive in a folder. */
export function makeRelease(folder: string, members: readonly Member[] = releaseMembers()): Release {
  const path = join(folder, "release.tgz");
  execFileSync("python3", [join(__dirname, "make_release.py"), path], { input: JSON.stringify(members) });
  const content = readFileSync(path);
  return { path, content, sha256: createHash("sha256").update(content).digest("hex") };
}

/** The head of a 64-bit ELF file for a machine (62: x86_64, 183: aarch64), filled up with zeros. */
export function elfHead(machine: number, size = 64): Buffer {
  const head = Buffer.alloc(size);
  head.write("\x7fELF\x02\x01\x01", "latin1");
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(machine, 18);
  return head;
}
