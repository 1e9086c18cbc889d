import * as z from "zod";

const eventSchema = z.record(z.string(), z.unknown());

/** The events of a stream or a transcript; of a text, none. */
export function parseEvents(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => eventSchema.parse(JSON.parse(line)));
}
