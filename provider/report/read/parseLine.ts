import type { Line } from "./readLines";
import { type TranscriptEvent, transcriptEventSchema } from "./transcriptEvent";

export type ParsedLine =
  | { readonly kind: "empty" }
  | { readonly kind: "events"; readonly events: readonly TranscriptEvent[] }
  | { readonly kind: "broken"; readonly reason: string; readonly excerpt: string };

const excerptLength = 160;

/** Reads one line. `--output-format json` prints all events as one array, so a line may hold several. */
export function parseLine({ text }: Line): ParsedLine {
  if (text === undefined) return { kind: "broken", reason: "too long", excerpt: "" };
  if (text.trim() === "") return { kind: "empty" };
  const excerpt = text.slice(0, excerptLength);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: "broken", reason: "not JSON", excerpt };
  }
  const events: TranscriptEvent[] = [];
  for (const candidate of Array.isArray(parsed) ? (parsed as unknown[]) : [parsed]) {
    const event = transcriptEventSchema.safeParse(candidate);
    if (!event.success) return { kind: "broken", reason: "not an event: it has no type", excerpt };
    events.push(event.data);
  }
  return { kind: "events", events };
}
