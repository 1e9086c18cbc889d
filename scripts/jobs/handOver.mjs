import { spawn } from "node:child_process";
import { projectFolder } from "../setup/folders.mjs";

/**
 * @typedef {object} HandOverOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(message: unknown) => void} [onMessage] called for what the process sends with `process.send`
 * @property {(child: import("node:child_process").ChildProcess) => void} [onStart]
 */

/**
 * Runs a Node.js program on this terminal until it ends, and returns its exit code. Standard input is closed: nothing
 * here asks a question.
 *
 * @param {readonly string[]} args
 * @param {HandOverOptions} [options]
 * @returns {Promise<number>}
 */
export function handOver(args, { env, onMessage, onStart } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: projectFolder,
      env: env ?? process.env,
      stdio: [
        "ignore",
        "inherit",
        "inherit",
        ...(onMessage === undefined ? [] : [/** @type {const} */ ("ipc")]),
      ],
    });
    if (onMessage !== undefined) child.on("message", onMessage);
    onStart?.(child);
    // The child cleans up after a signal, and we must outlive it. A terminal signals the child itself, too.
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    /** @type {NodeJS.Signals[]} */
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const release = () => {
      for (const signal of signals) process.removeListener(signal, forward);
    };
    child.once("error", (error) => {
      release();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      release();
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}
