import { join } from "node:path";
import { projectFolder, toolsFolder } from "../setup/folders.mjs";

/** What virtual machines boot from; ignored by git, and can be removed at any time. */
export const vmFolder = join(toolsFolder, "vm");

/** The kernel with the modules that it needs. */
export const kernelFolder = join(vmFolder, "kernel");

export const guestAgentFile = join(projectFolder, "provider", "guest", "fc-agent.sh");
export const standInAgentFile = join(projectFolder, "tests", "support", "vm", "claude");
