import { spawn } from "node:child_process";

/** Enough to see why a compiler or a package manager gave up. */
const shownLines = 40;

/**
 * @typedef {object} CommandOptions
 * @property {number} timeoutMs
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 */

/**
 * Runs a command and returns its exit code and everything that it printed, in the order in which it came.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<{ exitCode: number, output: string }>}
 */
export function tryCommand(command, args, { timeoutMs, cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (/** @type {string} */ chunk) => {
        output += chunk;
      });
    }
    const timer = setTimeout(() => {
      child.kill();
      reject(
        new Error(`${describe(command, args)} did not end within ${timeoutMs / 1000} s\n${tail(output)}`),
      );
    }, timeoutMs);
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`${describe(command, args)} cannot run: ${error.message}`));
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (signal !== null) output += `\nended by ${signal}`;
      resolve({ exitCode: code ?? 1, output });
    });
  });
}

/**
 * The same for a command that has to succeed; returns what it printed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 */
export async function runCommand(command, args, options) {
  const { exitCode, output } = await tryCommand(command, args, options);
  if (exitCode !== 0) throw new Error(`${describe(command, args)} ended with ${exitCode}\n${tail(output)}`);
  return output;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function describe(command, args) {
  return [command, ...args].join(" ");
}

/** @param {string} output */
function tail(output) {
  return output.trimEnd().split("\n").slice(-shownLines).join("\n");
}
