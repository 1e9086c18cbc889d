import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packagesFolder, projectFolder } from "./folders.mjs";
import { runCommand } from "./runCommand.mjs";
import { step } from "./say.mjs";

const installTimeoutMs = 10 * 60_000;

/**
 * @typedef {{ version?: string, optional?: boolean }} LockedPackage
 * @typedef {{ packages: Record<string, LockedPackage> }} LockFile
 */

/** Installs the npm packages unless exactly the locked ones are there. */
export async function ensureNodeModules() {
  if (areLockedPackagesInstalled()) return "npm packages";
  await step("installing the npm packages (npm ci)", () =>
    runCommand("npm", ["ci", "--no-audit", "--no-fund"], { cwd: projectFolder, timeoutMs: installTimeoutMs }),
  );
  return "npm packages";
}

/** Compares contents and not times: a fresh checkout makes the lock file newer than packages that still fit it. */
function areLockedPackagesInstalled() {
  // npm writes this list of what it has installed beside the packages.
  const installedList = join(packagesFolder, ".package-lock.json");
  if (!existsSync(installedList)) return false;
  return hasLockedPackages(
    readLockFile(join(projectFolder, "package-lock.json")),
    readLockFile(installedList),
  );
}

/**
 * @param {LockFile} locked
 * @param {LockFile} installed
 */
export function hasLockedPackages(locked, installed) {
  return Object.entries(locked.packages).every(([path, { version, optional }]) => {
    // The empty path is the project itself. An optional package may be for another system.
    if (path === "") return true;
    const found = installed.packages[path];
    return found === undefined ? optional === true : found.version === version;
  });
}

/**
 * @param {string} path
 * @returns {LockFile}
 */
function readLockFile(path) {
  /** @type {unknown} */
  const content = JSON.parse(readFileSync(path, "utf8"));
  return /** @type {LockFile} */ (content);
}
