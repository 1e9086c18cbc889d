import { parseLine } from "./parseLine";
import { readLines } from "./readLines";
import type { Run } from "./run";
import { RunBuilder } from "./runBuilder";

/** A line of the agent holds one message; images in it are the largest that is seen. */
const maxLineBytes = 64 * 1024 * 1024;

const brokenShown = 10;

/** Reads a transcript. Nothing in it makes this fail: what cannot be read is counted in `leftovers`. */
export async function readRun(name: string, chunks: AsyncIterable<Uint8Array>): Promise<Run> {
  const builder = new RunBuilder(name);
  const { leftovers } = builder.run;
  for await (const line of readLines(chunks, maxLineBytes)) {
    const parsed = parseLine(line);
    if (parsed.kind === "empty") continue;
    leftovers.lineCount += 1;
    if (parsed.kind === "events") {
      for (const event of parsed.events) builder.add(event);
    } else {
      leftovers.brokenCount += 1;
      const { reason, excerpt } = parsed;
      if (leftovers.broken.length < brokenShown) {
        leftovers.broken.push({ line: line.number, reason, excerpt: excerpt.toWellFormed() });
      }
    }
  }
  return builder.run;
}
