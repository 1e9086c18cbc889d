import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HostRefusedError } from "../errors/hostRefusedError";
import { PythonMissingError } from "../errors/pythonMissingError";
import { RemoteCommandError } from "../errors/remoteCommandError";
import type { Host } from "../ssh/host";
import { readAnswer } from "./readAnswer";
import { refusalSchema } from "./refusalSchema";

/** The exit code of a shell that does not find a command. */
const commandNotFound = 127;

/** A program of ours for the host's Python, and what it is asked to do. */
export interface ArchiveRun {
  /** A zip file with the program's modules. */
  archive: Buffer;
  /** Its module that reads the command, such as `task_server.loader`. */
  entry: string;
  /** Secrets may be in it: it is only ever on the program's standard input. */
  command: object;
  /** Bounds the whole run on the host, in milliseconds. */
  timeoutMs: number;
  /** Told of each step that the program announces while it works. */
  onProgress?: ((text: string) => void) | undefined;
}

/**
 * Runs one of our programs on the host, in memory, and returns its answer. Program and command are sent on standard
 * input: nothing of them is in an argument or a file.
 *
 * @throws HostRefusedError when the program says why it does not do what was asked.
 */
export async function runArchive(host: Host, what: string, run: ArchiveRun): Promise<unknown> {
  const stdin = Buffer.concat([
    Buffer.from(`${run.archive.length}\n`),
    run.archive,
    Buffer.from(`${JSON.stringify(run.command)}\n`),
  ]);
  const argv = ["python3", "-IS", "-c", bootstrapText(), run.entry];
  const answer = readAnswer(run.onProgress);
  const { exitCode, signal, stdout, stderr } = await host.exec(argv, {
    stdin,
    timeoutMs: run.timeoutMs,
    onOutput: answer.take,
  });
  if (exitCode === commandNotFound) throw new PythonMissingError(what, host.name);
  const line = answer.end(stdout);
  if (exitCode !== 0 || line === "") {
    throw new RemoteCommandError("python3", host.name, { exitCode, signal, stderr: lastLines(stderr) });
  }
  const value: unknown = JSON.parse(line);
  const refusal = refusalSchema.safeParse(value);
  if (refusal.success) throw new HostRefusedError(what, host.name, refusal.data.error);
  return value;
}

/** The program that receives an archive on the host, as text for `python3 -c`. */
export function bootstrapText(): string {
  return readFileSync(join(__dirname, "bootstrap.py"), "utf8");
}

/** The end of a Python traceback, which names the fault. */
function lastLines(text: string): string {
  return text.trim().split("\n").slice(-6).join("\n");
}
