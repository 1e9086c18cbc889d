import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const provider = join(__dirname, "..", "..", "provider");
const timeoutMs = 30_000;

/** The beginning of each program: what `show` prints is the answer, and a refusal is one as well. */
const beginning = `
import json, os, sys, time
from task_server.refusal import Refusal
def show(value): print(json.dumps(value))
def refusal_of(work):
    try:
        work()
    except Refusal as refusal:
        return refusal.to_json()["error"]
`;

/** Runs a few lines against the modules of the host program, and returns what they show. */
export async function runPython<T>(program: string): Promise<T> {
  const { stdout } = await run("python3", ["-B", "-c", beginning + program], {
    env: {
      ...process.env,
      PYTHONPATH: `${join(provider, "taskServer")}:${join(provider, "hostProgram")}`,
    },
    timeout: timeoutMs,
  });
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as T;
}
