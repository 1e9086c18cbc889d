import { stripVTControlCharacters } from "node:util";
import { contentBlockSchema } from "./transcriptEvent";

/** The text of a tool's result: a string, or blocks of text, images and other things, which are named. */
export function resultText(content: unknown): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return stripVTControlCharacters(content);
  if (!Array.isArray(content)) return stringify(content);
  return (content as unknown[]).map(blockText).join("\n");
}

function blockText(raw: unknown): string {
  const parsed = contentBlockSchema.safeParse(raw);
  if (!parsed.success) return stringify(raw);
  const { type, text, source } = parsed.data;
  if (text !== undefined) return stripVTControlCharacters(text);
  return source?.media_type === undefined ? `[${type}]` : `[${type}, ${source.media_type}]`;
}

/** JSON for people; what is nested too deeply for it is named only. */
export function stringify(value: unknown): string {
  try {
    const text = JSON.stringify(value, undefined, 2) as string | undefined;
    return text ?? "";
  } catch {
    return "[nested too deeply to be shown]";
  }
}
