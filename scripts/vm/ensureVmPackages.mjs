import { installDebianPackages } from "../setup/ensureDebianPackages.mjs";
import { say } from "../setup/say.mjs";
import { findVmObstacle, listMissingVmPackages } from "./vmPrograms.mjs";

/**
 * Installs what virtual machines need, where that is possible: without it, the tests that boot one are skipped and say
 * so, and nothing else is the worse for it.
 */
export async function ensureVmPackages() {
  const missing = listMissingVmPackages();
  if (missing.length > 0 && process.getuid?.() === 0) {
    try {
      await installDebianPackages(missing);
    } catch (error) {
      say(`  ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return findVmObstacle() ?? "QEMU";
}
