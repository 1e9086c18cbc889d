import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder, projectFolder } from "../setup/folders.mjs";
import { tryCommand } from "../setup/runCommand.mjs";
import { say, step } from "../setup/say.mjs";
import { fingerprint } from "./fingerprint.mjs";
import { listFiles } from "./listFiles.mjs";
import { syncFolder } from "./syncFolder.mjs";

const compileTimeoutMs = 180_000;

const distFolder = join(projectFolder, "dist");
const stampFile = join(cacheFolder, "build.txt");

/** What the package is made of, and what says how. */
const sourceFolders = ["provider", "components"];
const settings = ["package-lock.json", "tsconfig.json", "tsconfig.build.json"];

/** Compiles the package into dist/, unless that is up to date; the exit code is the compiler's. */
export async function build() {
  const sources = sourceFolders.flatMap((folder) =>
    listFiles(join(projectFolder, folder)).map((path) => join(folder, path)),
  );
  const sourcePrint = fingerprint(projectFolder, [...sources, ...settings]);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp(sourcePrint)) {
    say("The build is up to date");
    return 0;
  }
  try {
    await step("building the package into dist/", () => compile(sources));
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    say(error.message);
    return 1;
  }
  writeFileSync(stampFile, stamp(sourcePrint));
  return 0;
}

/** The compiler's complaints; it has said everything there is to say. */
class CompileError extends Error {}

/** @param {string} sourcePrint */
function stamp(sourcePrint) {
  return `${sourcePrint} ${fingerprint(distFolder, listFiles(distFolder))}`;
}

/** @param {readonly string[]} sources */
async function compile(sources) {
  mkdirSync(cacheFolder, { recursive: true });
  const built = mkdtempSync(join(cacheFolder, "build-"));
  try {
    const tsc = [join(projectFolder, "node_modules", "typescript", "bin", "tsc")];
    const args = [...tsc, "-p", "tsconfig.build.json", "--outDir", built];
    const { exitCode, output } = await tryCommand(process.execPath, args, {
      cwd: projectFolder,
      timeoutMs: compileTimeoutMs,
    });
    if (exitCode !== 0) throw new CompileError(output.trimEnd());
    for (const path of sources.filter((source) => /\.(?:py|sh)$/.test(source))) {
      mkdirSync(dirname(join(built, path)), { recursive: true });
      cpSync(join(projectFolder, path), join(built, path));
    }
    syncFolder(built, distFolder);
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}
