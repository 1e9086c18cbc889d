import * as z from "zod";

const resultSchema = z.looseObject({ type: z.literal("result"), result: z.string() });

/** What the stand-in agent said: the text of its object, or all of a result that is none. */
export function readAnswer(result: Buffer): string {
  const text = result.toString("utf8");
  return text.startsWith('{"type":"result"') ? resultSchema.parse(JSON.parse(text)).result : text.trimEnd();
}
