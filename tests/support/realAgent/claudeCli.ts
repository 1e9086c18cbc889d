import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { startCommand } from "../runCommand";
import { temporaryFolder } from "../temporaryFolder";

const packageName = "@anthropic-ai/claude-code";

/** What the recorded outputs of the tests were printed by. */
export const claudeVersion = "2.1.331";

const folder = join(__dirname, "..", "..", "..", ".tools", "claude");
const packageFolder = join(folder, "node_modules", packageName);
const program = join(folder, "node_modules", ".bin", "claude");

/** It is a download of some 100 MB. */
const installTimeoutMs = 180_000;
const startTimeoutMs = 20_000;

export type ClaudeCli = { readonly path: string } | { readonly obstacle: string };

let found: Promise<ClaudeCli> | undefined;

/** The real agent's command line, which is downloaded when it is not there yet; or why it cannot be had. */
export function ensureClaudeCli(): Promise<ClaudeCli> {
  // Where it cannot be downloaded, one suite has waited for all.
  found ??= findClaudeCli();
  return found;
}

async function findClaudeCli(): Promise<ClaudeCli> {
  try {
    if (installedVersion() !== claudeVersion || !existsSync(program)) await install();
    await tryOut();
    return { path: program };
  } catch (error) {
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    return { obstacle: `${packageName} ${claudeVersion} cannot be had or does not run: ${reason}` };
  }
}

function installedVersion(): string | undefined {
  const file = join(packageFolder, "package.json");
  if (!existsSync(file)) return undefined;
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, "utf8"))).version;
}

async function install(): Promise<void> {
  const args = [
    "install",
    "--prefix",
    folder,
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--fetch-retries=1",
  ];
  await run("npm", [...args, `${packageName}@${claudeVersion}`], process.env, installTimeoutMs);
}

/** Where its program for this machine was left out, what stands in its place fails. */
async function tryOut(): Promise<void> {
  const home = await temporaryFolder();
  try {
    const env = { PATH: process.env.PATH, HOME: home.path, TMPDIR: home.path, DISABLE_AUTOUPDATER: "1" };
    const stdout = await run(program, ["--version"], env, startTimeoutMs);
    if (!stdout.startsWith(claudeVersion)) throw new Error(`its version is ${stdout.trim()}`);
  } finally {
    await home.remove();
  }
}

async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<string> {
  const { exitCode, stdout, stderr } = await startCommand(command, args, { cwd: __dirname, env, timeoutMs })
    .result;
  if (exitCode !== 0) throw new Error(`${stderr}${stdout}`.trim() || `${command} ended with ${exitCode}`);
  return stdout;
}
