import { join } from "node:path";
import { ensurePythonTools } from "../setup/ensurePythonTools.mjs";
import { packagesFolder, projectFolder } from "../setup/folders.mjs";
import { tryCommand } from "../setup/runCommand.mjs";
import { step } from "../setup/say.mjs";

/** Formats all sources, which mends most of what `npm run check` complains about. */
export async function fix() {
  const ruff = join(await ensurePythonTools(), "ruff");
  const prettier = join(packagesFolder, "prettier", "bin", "prettier.cjs");
  const options = { cwd: projectFolder, timeoutMs: 180_000 };
  return step("formatting the sources", async () => {
    // What ruff cannot mend by itself is for `npm run check` to show.
    await tryCommand(ruff, ["check", "--fix", "--quiet", "."], options);
    const formatted = [
      await tryCommand(ruff, ["format", "--quiet", "."], options),
      await tryCommand(process.execPath, [prettier, "--write", "--log-level", "warn", "."], options),
    ];
    for (const { output } of formatted) process.stdout.write(output);
    return formatted.every(({ exitCode }) => exitCode === 0) ? 0 : 1;
  });
}
