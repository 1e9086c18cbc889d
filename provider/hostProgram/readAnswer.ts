import * as z from "zod";

const progressSchema = z.strictObject({ progress: z.string() });

interface AnswerReader {
  /** Takes a piece of the program's output as it comes. */
  take: (chunk: Buffer) => void;
  /** The answer, once the whole output is there: its last line. */
  end: (stdout: Buffer) => string;
}

/** Reads what a program of ours prints: lines of progress while it works, and its answer as the last line. */
export function readAnswer(onProgress: ((text: string) => void) | undefined): AnswerReader {
  let unfinished = "";
  return {
    take: (chunk) => {
      if (onProgress === undefined) return;
      const lines = (unfinished + chunk.toString("latin1")).split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) {
        const text = readProgress(Buffer.from(line, "latin1").toString("utf8"));
        if (text !== undefined) onProgress(text);
      }
    },
    end: (stdout) => stdout.toString("utf8").trimEnd().split("\n").at(-1) ?? "",
  };
}

function readProgress(line: string): string | undefined {
  try {
    return progressSchema.safeParse(JSON.parse(line)).data?.progress;
  } catch {
    return undefined;
  }
}
