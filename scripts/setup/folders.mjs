import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectFolder = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Holds what the set-up had to get itself; ignored by git, and can be removed at any time. */
export const toolsFolder = join(projectFolder, ".tools");

export const pulumiFolder = join(toolsFolder, "pulumi", "bin");
export const pythonToolsFolder = join(toolsFolder, "python");
export const cacheFolder = join(toolsFolder, "cache");
export const packagesFolder = join(projectFolder, "node_modules");
