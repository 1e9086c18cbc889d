import { z } from "zod";

/*
 * The lines of `claude --output-format stream-json --verbose`, and those of our own guest agent. The format grows with
 * every version, so one wide shape takes them all: a field of another type than expected counts as absent.
 */

const text = z.string().optional().catch(undefined);
const amount = z.number().nonnegative().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
const list = z.array(z.unknown()).optional().catch(undefined);

/** Milliseconds since 1970, from an ISO date or a number. */
const time = z
  .union([z.string().transform((date) => Date.parse(date)), z.number()])
  .refine((ms) => Number.isFinite(ms) && Math.abs(ms) <= 8.64e15)
  .optional()
  .catch(undefined);

const usageSchema = z
  .object({
    input_tokens: amount,
    cache_creation_input_tokens: amount,
    cache_read_input_tokens: amount,
    output_tokens: amount,
  })
  .optional()
  .catch(undefined);

const modelUsageSchema = z
  .record(
    z.string(),
    z
      .object({
        inputTokens: amount,
        cacheCreationInputTokens: amount,
        cacheReadInputTokens: amount,
        outputTokens: amount,
        costUSD: amount,
      })
      .catch({}),
  )
  .optional()
  .catch(undefined);

const messageSchema = z
  .object({
    id: text,
    model: text,
    usage: usageSchema,
    content: z
      .union([z.string(), z.array(z.unknown())])
      .optional()
      .catch(undefined),
  })
  .optional()
  .catch(undefined);

export const transcriptEventSchema = z.object({
  type: z.string(),
  subtype: text,
  timestamp: time,
  session_id: text,
  // system/init
  model: text,
  cwd: text,
  claude_code_version: text,
  // system/api_retry
  error_status: amount,
  // assistant, user
  message: messageSchema,
  parent_tool_use_id: text,
  tool_use_result: z.unknown().optional(),
  isSynthetic: flag,
  // result
  is_error: flag,
  api_error_status: z.union([z.string(), z.number()]).optional().catch(undefined),
  result: text,
  errors: list,
  permission_denials: list,
  num_turns: amount,
  duration_ms: amount,
  duration_api_ms: amount,
  total_cost_usd: amount,
  usage: usageSchema,
  modelUsage: modelUsageSchema,
  // fc-agents
  state: text,
  prompt: text,
});

export type TranscriptEvent = z.infer<typeof transcriptEventSchema>;

/** A block of a message's content: text, thinking, tool_use, tool_result, image, and whatever comes. */
export const contentBlockSchema = z.object({
  type: z.string(),
  text,
  thinking: text,
  id: text,
  name: text,
  input: z.unknown().optional(),
  tool_use_id: text,
  is_error: flag,
  content: z.unknown().optional(),
  source: z.object({ media_type: text, data: text }).optional().catch(undefined),
});

export type ContentBlock = z.infer<typeof contentBlockSchema>;
