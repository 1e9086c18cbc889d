import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryFolder } from "../support/findPulumi";

const doubles = join(repositoryFolder, "tests", "support", "firecracker");

/**
 * The doubles of Firecracker and its jailer as single files that can be installed: scripts that start them where they
 * are, since they are made of many modules.
 */
export function writeDoublePrograms(folder: string): { firecracker: string; jailer: string } {
  const write = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\nexec '${join(doubles, name)}' "$@"\n`, { mode: 0o755 });
    return path;
  };
  return { firecracker: write("firecracker"), jailer: write("jailer") };
}
