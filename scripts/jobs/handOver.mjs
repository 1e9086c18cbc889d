import { spawn } from "node:child_process";
import { projectFolder } from "../setup/folders.mjs";

/**
 * @typedef {object} HandOverOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(message: unknown) => void} [onMessage] called for what the process sends with `process.send`
 * @property {(child: import("node:child_process").ChildProcess) => void} [onStart]
 * @property {boolean} [isHeldBack] what it prints comes in one piece when it has ended
 */

/**
 * Runs a Node.js program on this terminal until it ends, and returns its exit code. Standard input is closed: nothing
 * here asks a question.
 *
 * @param {readonly string[]} args
 * @param {HandOverOptions} [options]
 * @returns {Promise<number>}
 */
export function handOver(args, { env, onMessage, onStart, isHeldBack = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: projectFolder,
      env: env ?? process.env,
      stdio: [
        "ignore",
        ...(isHeldBack
          ? /** @type {const} */ (["pipe", "pipe"])
          : /** @type {const} */ (["inherit", "inherit"])),
        ...(onMessage === undefined ? [] : [/** @type {const} */ ("ipc")]),
      ],
    });
    if (onMessage !== undefined) child.on("message", onMessage);
    onStart?.(child);
    /** @type {Buffer[]} */
    const held = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (/** @type {Buffer} */ chunk) => held.push(chunk));
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
    // A held-back one is over when all that it printed is here.
    child.once(
      isHeldBack ? "close" : "exit",
      (/** @type {number | null} */ code, /** @type {string | null} */ signal) => {
        release();
        process.stdout.write(Buffer.concat(held));
        resolve(code ?? (signal === "SIGINT" ? 130 : 1));
      },
    );
  });
}
