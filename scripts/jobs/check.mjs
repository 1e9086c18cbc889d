import { projectFolder } from "../setup/folders.mjs";
import { tryCommand } from "../setup/runCommand.mjs";
import { formatSeconds, say } from "../setup/say.mjs";
import { listCheckers } from "./checkers.mjs";

const checkerTimeoutMs = 5 * 60_000;

/** Runs all checkers and shows everything that they found; the exit code is 1 when one of them found something. */
export async function check() {
  const rows = await listCheckers();
  const startedAt = performance.now();
  const failed = (await Promise.all(rows.map(runRow))).flat();
  const duration = formatSeconds(performance.now() - startedAt);
  say(
    failed.length === 0 ? `All checks passed in ${duration}` : `Failed in ${duration}: ${failed.join(", ")}`,
  );
  return failed.length === 0 ? 0 : 1;
}

/**
 * @param {readonly import("./checkers.mjs").Checker[]} checkers
 * @returns {Promise<string[]>} the names of those that failed
 */
async function runRow(checkers) {
  const failed = [];
  for (const { name, command, args } of checkers) {
    const startedAt = performance.now();
    const { exitCode, output } = await tryCommand(command, args, {
      cwd: projectFolder,
      timeoutMs: checkerTimeoutMs,
    }).catch((/** @type {unknown} */ error) => ({ exitCode: 1, output: String(error) }));
    const duration = formatSeconds(performance.now() - startedAt);
    say(exitCode === 0 ? `  ${name}: ${duration}` : `${name} failed (${duration}):\n${output.trimEnd()}\n`);
    if (exitCode !== 0) failed.push(name);
  }
  return failed;
}
