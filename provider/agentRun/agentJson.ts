import * as z from "zod";

/** What Claude Code prints as its result, as far as outputs are made of it. */
const agentJsonSchema = z.looseObject({
  is_error: z.boolean().optional(),
  subtype: z.string().optional(),
  api_error_status: z.number().nullish(),
  result: z.string().optional(),
  errors: z.array(z.unknown()).optional().catch(undefined),
  session_id: z.string().optional(),
  num_turns: z.number().optional(),
  total_cost_usd: z.number().optional(),
  usage: z.record(z.string(), z.unknown()).optional(),
  modelUsage: z.record(z.string(), z.unknown()).optional(),
});
export type AgentJson = z.infer<typeof agentJsonSchema>;

/**
 * Finds the agent's result object in what it printed: the whole of it (`json`), or the last line of its events
 * (`stream-json`). `isWhole` says that nothing was cut out of the middle of the text, `isTyped` that only an object of
 * the type `result` counts.
 */
export function findAgentJson(text: string, isWhole: boolean, isTyped: boolean): AgentJson | undefined {
  const json = (isWhole ? parseAgentJson(text) : undefined) ?? parseAgentJson(lastLine(text));
  return isTyped && json?.["type"] !== "result" ? undefined : json;
}

function lastLine(text: string): string {
  const end = text.trimEnd();
  return end.slice(end.lastIndexOf("\n") + 1);
}

function parseAgentJson(text: string): AgentJson | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    const json = agentJsonSchema.safeParse(JSON.parse(text)).data;
    // Events of other types have some of the same names.
    return json?.type === undefined || json.type === "result" ? json : undefined;
  } catch {
    return undefined;
  }
}
