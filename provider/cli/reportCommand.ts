import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { parsePatch } from "../report/diff/parsePatch";
import type { FileDiff } from "../report/diff/fileDiff";
import { measureRun } from "../report/measure/measureRun";
import { readRun } from "../report/read/readRun";
import { renderPage, type ReportedRun } from "../report/render/renderPage";
import { parseReportArgs, standardInput } from "./parseReportArgs";
import { UsageError } from "./usageError";
import { usageText } from "./usageText";

/** `fc-agents report`: reads the transcripts, one after the other, and writes the page. */
export async function reportCommand(args: readonly string[]): Promise<void> {
  const parsed = parseReportArgs(args);
  if (parsed === "help") {
    process.stdout.write(usageText);
    return;
  }
  const runs: ReportedRun[] = [];
  for (const [index, path] of parsed.transcripts.entries()) {
    const run = await readFrom(path, (chunks) => readRun(nameOf(path), chunks));
    const { lineCount, brokenCount } = run.leftovers;
    if (lineCount === brokenCount) {
      process.stderr.write(`Warning: ${nameOf(path)} holds no event of an agent (${lineCount} lines)\n`);
    }
    const patch = parsed.patches[index];
    runs.push({ measured: measureRun(run), patch: patch === undefined ? undefined : await readPatch(patch) });
  }
  const page = renderPage(runs);
  if (parsed.output === undefined) await writeToStandardOutput(page);
  else await writeTo(parsed.output, page);
}

async function readPatch(path: string): Promise<FileDiff[]> {
  return readFrom(path, async (chunks) => {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    return parsePatch(Buffer.concat(parts).toString("utf8"));
  });
}

/** A file that cannot be read is the caller's mistake, and is told as such. */
async function readFrom<T>(
  path: string,
  read: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const stream: AsyncIterable<Uint8Array> = path === standardInput ? process.stdin : createReadStream(path);
  try {
    return await read(stream);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const reason = error.code === "ENOENT" ? "there is no such file" : error.message;
    throw new UsageError(`Could not read ${path}: ${reason}`);
  }
}

async function writeTo(path: string, page: string): Promise<void> {
  try {
    await writeFile(path, page);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new Error(`Could not write ${path}: ${error.message}`, { cause: error });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function nameOf(path: string): string {
  return path === standardInput ? "standard input" : basename(path);
}

function writeToStandardOutput(page: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // A reader that has seen enough (`| head`) closes the pipe.
    process.stdout.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") resolve();
      else reject(error);
    });
    process.stdout.write(page, () => {
      resolve();
    });
  });
}
