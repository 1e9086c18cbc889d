import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "./findExecutable.mjs";
import { toolsFolder } from "./folders.mjs";
import { replaceFolder } from "./replaceFolder.mjs";
import { runCommand } from "./runCommand.mjs";

/** The last version whose Go SDK still holds the language host; it works with later CLIs. */
const languageHostVersion = "3.66.0";

const resolveTimeoutMs = 5 * 60_000;
const buildTimeoutMs = 15 * 60_000;

const sdkModule = "github.com/pulumi/pulumi/sdk/v3";

/**
 * Builds the CLI and its language host from Go modules into a folder.
 *
 * @param {string} version
 * @param {string} folder
 */
export async function buildPulumi(version, folder) {
  if (findExecutable("go") === undefined) {
    throw new Error("`go` is not on PATH; Go 1.25 or newer could build it");
  }
  mkdirSync(toolsFolder, { recursive: true });
  const work = mkdtempSync(join(toolsFolder, "pulumi-build-"));
  try {
    const bin = join(work, "bin");
    mkdirSync(bin);
    await buildProgram(work, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", version, bin);
    const languageHost = `${sdkModule}/nodejs/cmd/pulumi-language-nodejs`;
    const module = await buildProgram(work, languageHost, languageHostVersion, bin);
    const sdk = await runGo(module, ["list", "-m", "-f", "{{.Dir}}", sdkModule], resolveTimeoutMs);
    // A shell script, which the module cache keeps without its run bit.
    const dynamicProvider = "pulumi-resource-pulumi-nodejs";
    copyFileSync(join(sdk.trim(), "nodejs", "dist", dynamicProvider), join(bin, dynamicProvider));
    chmodSync(join(bin, dynamicProvider), 0o755);
    replaceFolder(bin, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Builds one program in a module of its own: the two need different versions of the same SDK, and `go install`
 * refuses modules with replace directives.
 *
 * @param {string} work
 * @param {string} program its import path
 * @param {string} version
 * @param {string} bin
 * @returns {Promise<string>} the folder of the module
 */
async function buildProgram(work, program, version, bin) {
  const name = program.slice(program.lastIndexOf("/") + 1);
  const module = join(work, name);
  mkdirSync(module);
  writeFileSync(join(module, "go.mod"), `module fc-agents.invalid/${name}\n\ngo 1.24\n`);
  await runGo(module, ["get", "-tool", `${program}@v${version}`], resolveTimeoutMs);
  const flags = `-s -w -X ${sdkModule}/go/common/version.Version=v${version}`;
  await runGo(
    module,
    ["build", "-trimpath", "-ldflags", flags, "-o", join(bin, name), program],
    buildTimeoutMs,
  );
  return module;
}

/**
 * @param {string} module
 * @param {readonly string[]} args
 * @param {number} timeoutMs
 */
function runGo(module, args, timeoutMs) {
  // A workspace of the user around this folder would take over the module.
  const env = { ...process.env, GOWORK: "off" };
  return runCommand("go", args, { cwd: module, env, timeoutMs });
}
