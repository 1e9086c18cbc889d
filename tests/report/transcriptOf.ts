import { readRun } from "../../provider/report/read/readRun";
import type { Run } from "../../provider/report/read/run";

/** Reads events, or lines as they are, as a transcript. */
export function readEvents(...lines: readonly (object | string)[]): Promise<Run> {
  return readText(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
}

export function readText(text: string, name = "run.jsonl"): Promise<Run> {
  return readRun(name, chunksOf(Buffer.from(text)));
}

export const init = {
  type: "system",
  subtype: "init",
  model: "model-a",
  cwd: "/home/agent/task",
  session_id: "s1",
};

/** An answer with blocks of content. */
export function answer(id: string, content: readonly object[], more: object = {}): object {
  const { usage, model = "model-a", ...event } = more as { usage?: object; model?: string };
  return { type: "assistant", message: { id, model, content, usage }, parent_tool_use_id: null, ...event };
}

export function toolUse(id: string, name: string, input: unknown): object {
  return { type: "tool_use", id, name, input };
}

export function toolResult(id: string, content: unknown, more: object = {}): object {
  return {
    type: "user",
    message: { role: "user", content: [{ type: "tool_result", tool_use_id: id, content }] },
    parent_tool_use_id: null,
    ...more,
  };
}

/** Pieces of a prime size: lines and characters come in parts. */
// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous by its nature
async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  const size = 97;
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
