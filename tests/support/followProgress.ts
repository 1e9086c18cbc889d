import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import * as z from "zod";

const lookMs = 50;

const eventSchema = z.object({
  diagnosticEvent: z.object({ urn: z.string().default(""), message: z.string(), ephemeral: z.literal(true) }),
});

/** A message that a terminal shows on a resource's own line, and that the next one takes the place of. */
export interface ProgressMessage {
  /** Name of the resource. */
  readonly name: string;
  readonly text: string;
}

/** Reads such messages out of the engine's event log while the engine writes it. Must be ended with what it returns. */
export function followProgress(eventLog: string, show: (message: ProgressMessage) => void): () => void {
  const decoder = new StringDecoder("utf8");
  const buffer = Buffer.alloc(64 * 1024);
  let file: number | undefined;
  let rest = "";
  const look = (): void => {
    if (file === undefined && existsSync(eventLog)) file = openSync(eventLog, "r");
    if (file === undefined) return;
    for (let bytes = -1; bytes !== 0; rest += decoder.write(buffer.subarray(0, bytes)))
      bytes = readSync(file, buffer);
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = parseMessage(line);
      if (message !== undefined) show(message);
    }
  };
  const timer = setInterval(look, lookMs);
  return () => {
    clearInterval(timer);
    look();
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
}

function parseMessage(line: string): ProgressMessage | undefined {
  try {
    const event = eventSchema.safeParse(JSON.parse(line)).data?.diagnosticEvent;
    if (event === undefined) return undefined;
    return { name: event.urn.split("::").at(-1) ?? "", text: event.message.trimEnd() };
  } catch {
    return undefined;
  }
}
